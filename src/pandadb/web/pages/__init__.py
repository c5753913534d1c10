"""Pages: each module has the routes of a section."""
