"""Steps that are due become letters, tasks and waits: what each will be, its words, and one commit."""
