"""What an import has to know of the rows it reads, and what it would do with each."""
