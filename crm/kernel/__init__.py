"""The ground everything stands on. Knows nothing of prospects, mails or pages."""
