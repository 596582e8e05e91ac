"""Whoever said yes, on the way to the image service."""
