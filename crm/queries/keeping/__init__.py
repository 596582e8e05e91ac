"""What is kept of people, whom a no covers, and whose time is over."""
