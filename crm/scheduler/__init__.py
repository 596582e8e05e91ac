"""The timetable: what happens by itself, and how often."""
