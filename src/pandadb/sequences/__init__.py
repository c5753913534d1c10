"""Job sequences: steps with conditions, driven by the results of jobs."""
