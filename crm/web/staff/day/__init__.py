"""A working day: whom to answer, what is due, what stands still, and what is in doubt."""
