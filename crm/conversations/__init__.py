"""What was said, and what we promised to do next."""
