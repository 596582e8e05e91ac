"""What providers and mail programs report: events, bounces, openings, suppression lists."""
