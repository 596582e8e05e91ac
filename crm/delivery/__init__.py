"""Messages and their states, mailboxes, daily caps, provider events."""
