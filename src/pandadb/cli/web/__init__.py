"""`pandadb web`: commands for the web pages and the HTTP API."""
