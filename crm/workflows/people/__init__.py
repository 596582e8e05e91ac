"""Prospects: brought in, mended, looked after."""
