"""A file of prospects: what is what in it, what would happen, the run, the broken rows."""
