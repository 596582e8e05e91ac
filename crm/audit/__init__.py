"""The append-only, hash-chained log without personal data."""
