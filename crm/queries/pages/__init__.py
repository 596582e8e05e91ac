"""What the pages of colleagues list."""
