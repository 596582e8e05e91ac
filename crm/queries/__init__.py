"""Views over any room; they change none."""
