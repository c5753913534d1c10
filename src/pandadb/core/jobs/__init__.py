"""Jobs: their states, and the statements that take them from one to the next."""
