"""Protection of the server and its users, around all routes."""
