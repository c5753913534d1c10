"""Jobs of tasks that end."""

from __future__ import annotations

from tests.compat.families.part import Part


class JobEnds(Part):
    """Jobs of tasks that end."""
