"""What would happen, and why not: rehearsals and reasons. Changes nothing."""
