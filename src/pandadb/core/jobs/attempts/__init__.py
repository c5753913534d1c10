"""Further attempts of jobs that ended without success."""
