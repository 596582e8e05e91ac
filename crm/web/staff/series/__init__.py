"""Sequences: writing, publishing, enrolling, rehearsing, and the mails that wait for a colleague."""
