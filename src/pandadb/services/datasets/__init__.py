"""Verbs of datasets and their files. Each function is one transaction."""
