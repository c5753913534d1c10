"""Files fed and lost."""

from __future__ import annotations

from tests.compat.families.part import Part


class Datasets(Part):
    """Files fed and lost."""
