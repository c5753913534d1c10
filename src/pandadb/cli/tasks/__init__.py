"""`pandadb tasks`, a module for each group of its commands."""
