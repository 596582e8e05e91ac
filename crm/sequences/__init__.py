"""Sequences, their immutable versions and enrolments; when the next step is due."""
