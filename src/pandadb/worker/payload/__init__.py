"""A payload: its directory, its process group, its limits, and the outcome."""
