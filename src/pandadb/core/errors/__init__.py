"""Retry rules and classes of errors of failed jobs."""
