"""Jobs: their 127 columns, the tables they move between, and their satellites."""
