"""Ranges of events taken by jobs: requests, locks, the statement, what is left to take."""
