"""Ranges of events taken by jobs: requests, locks, the statement, ranges left to take."""
