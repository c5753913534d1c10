"""Errors of failed jobs: their rules for retries, their classes, their descriptions."""
