"""Datasets of tasks: their files fed, lost and counted."""
