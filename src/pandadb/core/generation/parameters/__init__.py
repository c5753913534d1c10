"""Parameters of generated jobs, from the task's template: job generation 3 and 6."""
