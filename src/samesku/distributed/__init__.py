"""The stages of a match on many machines: Ray moves the work, Parquet holds what is between."""
