"""Picked input split into jobs, without a database: job generation 2."""
