"""The stages of a match on many machines: Ray moves the work, Parquet files hold what is between."""
