"""Partitions: what policies want, what a database has, and the statements between the two."""
