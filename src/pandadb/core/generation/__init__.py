"""Job generation: the input of a task, split and made into jobs."""
