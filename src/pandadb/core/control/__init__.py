"""Relations of jobs of the job queue: dependencies, groups, wake-ups. No job moves here."""
