"""Heartbeat, switches, long jobs, limits."""
