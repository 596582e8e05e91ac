"""May we write to this person: one gate, and the proof it rests on (D2, D3, D4)."""
