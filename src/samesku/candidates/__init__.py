"""Which pairs of postings are worth scoring."""
