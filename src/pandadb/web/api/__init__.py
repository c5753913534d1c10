"""The HTTP API: each module has the routes of a family below `/api/v1`."""
