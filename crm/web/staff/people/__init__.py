"""Prospects: the list, one person's page, and everything done there."""
