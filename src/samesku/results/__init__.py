"""What a run found, and the record of it."""
