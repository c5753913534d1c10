"""`pandadb harvester`, a module for each group of its commands."""
