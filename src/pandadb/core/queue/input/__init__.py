"""Checks of new jobs, and new jobs from JSON."""
