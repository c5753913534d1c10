"""What the job queue knows of jobs: dependencies, groups, wake-ups. No job moves here."""
