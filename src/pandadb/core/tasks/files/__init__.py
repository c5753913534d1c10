"""Files of tasks and counters of their datasets, as tasks are tried again."""
