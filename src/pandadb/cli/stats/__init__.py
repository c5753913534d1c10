"""`pandadb stats`, a module for each group of its commands."""
