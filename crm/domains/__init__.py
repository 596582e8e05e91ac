"""Health of recipients' domains and of our own."""
