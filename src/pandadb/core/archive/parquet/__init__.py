"""Tables as Parquet files: written from a database, and read back to prove them."""
