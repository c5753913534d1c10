"""The end of jobs by their workers, with leases that are not lost."""
