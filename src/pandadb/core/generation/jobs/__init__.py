"""Columns and files of generated jobs: job generation 3."""
