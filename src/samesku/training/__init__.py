"""Training of what looks at postings."""
