"""Months of the archive: as one partition, and as Parquet files that can take their place."""
