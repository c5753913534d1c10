"""Refinement of tasks: columns, split rules, datasets and templates from their parameters."""
