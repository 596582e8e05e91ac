"""Companies and the people at them, where their addresses came from, and how far we are with them."""
