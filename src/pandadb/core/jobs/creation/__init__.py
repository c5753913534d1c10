"""New jobs, with their files, parameters and metadata."""
