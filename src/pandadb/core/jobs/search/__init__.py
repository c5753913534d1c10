"""Jobs looked up, listed page by page, counted, and locked if they match; nothing is changed."""
