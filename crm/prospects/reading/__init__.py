"""Reading an import file: from bytes nobody vouches for to rows that were understood, or a fault in words."""
