"""Sequences: written, published, enrolled in, approved, put away."""
