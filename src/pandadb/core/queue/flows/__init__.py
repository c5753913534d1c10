"""Flows: tasks whose jobs depend on each other and may change the graph while they run."""
