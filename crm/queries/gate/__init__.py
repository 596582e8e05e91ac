"""What the gate is told (D2): facts of many people, what was written before, what holds for all."""
