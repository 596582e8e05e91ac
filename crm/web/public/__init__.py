"""Pages for people outside: no log-in, no cookie, no script, four languages."""
