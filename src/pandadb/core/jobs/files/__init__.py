"""Files of jobs and of their task, and the counters of datasets, as jobs move on."""
