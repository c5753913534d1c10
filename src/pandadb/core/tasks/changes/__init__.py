"""Changes of tasks: their state, attributes and split rules, mirrored in T_TASK."""
