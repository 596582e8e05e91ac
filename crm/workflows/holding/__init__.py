"""What makes sending stand still, and lets it go on: pauses and their ends, guardrails, steps left out."""
