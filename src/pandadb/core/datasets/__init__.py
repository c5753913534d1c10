"""Datasets of tasks and their files: fed, picked, counted, lost."""
