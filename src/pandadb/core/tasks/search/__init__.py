"""Tasks found, and their progress."""
