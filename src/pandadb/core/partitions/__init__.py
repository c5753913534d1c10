"""Partitions: policies, the partitions of a database, and the statements between the two."""
