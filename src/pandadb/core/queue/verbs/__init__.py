"""Verbs of users on jobs of the job queue: the states for each, and its effect."""
