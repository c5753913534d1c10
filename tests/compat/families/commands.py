"""Commands of tasks, and changes of their states and attributes."""

from __future__ import annotations

from tests.compat.families.part import Part


class Commands(Part):
    """Commands of tasks, and changes of their states and attributes."""
