"""Jobs looked up, listed page by page, and counted; nothing is changed."""
