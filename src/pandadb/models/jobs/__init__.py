"""Jobs: their 127 columns, the tables they move between, and what belongs to each of them."""
