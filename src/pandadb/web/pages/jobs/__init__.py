"""Pages of jobs: the list, a job, its folder, verbs."""
