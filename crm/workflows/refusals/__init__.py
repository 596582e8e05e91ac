"""A no, and the rights of whoever says it."""
