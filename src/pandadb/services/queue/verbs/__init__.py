"""Verbs of users on queued jobs, and the locks of their rows."""
