"""Harvester's instances, workers and commands; semantics 9."""
