"""Lookup of archived jobs: the partitions that can have them, and their rows."""
