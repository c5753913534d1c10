"""Web pages and the HTTP API over the services."""
