"""Jobs of the archive: which partitions can have them, and their rows."""
