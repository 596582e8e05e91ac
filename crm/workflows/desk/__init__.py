"""What staff write down and do by hand."""
