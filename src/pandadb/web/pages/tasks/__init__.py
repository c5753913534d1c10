"""Pages of tasks and flows: lists, a task, its files, commands."""
