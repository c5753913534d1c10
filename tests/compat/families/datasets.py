"""Files fed and lost, jobs that end."""

from __future__ import annotations

from tests.compat.families.part import Part


class Datasets(Part):
    """Files fed and lost, jobs that end."""
