"""The house: people, limits, switches and pauses."""
