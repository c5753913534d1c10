"""Retries, attempts and ends of tasks."""

from __future__ import annotations

from tests.compat.families.part import Part


class TaskEnds(Part):
    """Retries, attempts and ends of tasks."""
