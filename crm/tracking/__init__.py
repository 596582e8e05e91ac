"""Openings, aggregate counters and page visits, without an address of anybody's connection."""
