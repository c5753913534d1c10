"""Input of tasks picked for jobs, and put back: job generation 1 and 4."""
