"""The roof: reads the settings, chooses the adapters, and starts each of the programs."""
