"""Views over several rooms: what the gate is told, and what the pages list. They write nothing."""
