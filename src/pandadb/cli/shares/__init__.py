"""`pandadb shares`."""
