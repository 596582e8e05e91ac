"""The installation, its people and its rules."""
