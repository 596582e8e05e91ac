"""The command line: parse, open a transaction, call one workflow, say what became of it."""
