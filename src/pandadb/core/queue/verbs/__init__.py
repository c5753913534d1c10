"""Verbs of users on jobs of the job queue: the states that each is for, and what it does."""
