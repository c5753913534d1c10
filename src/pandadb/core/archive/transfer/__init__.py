"""Rows between live tables and archive: as partitions, as copies, one by one."""
