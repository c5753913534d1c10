"""Numbers and periods of tasks that are kept beside jobs and files: compared, and repaired."""
