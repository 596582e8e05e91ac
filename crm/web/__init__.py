"""The pages: for staff behind a log-in, for prospects without one, and the hooks other services call."""
