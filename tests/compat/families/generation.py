"""Files picked, and jobs generated."""

from __future__ import annotations

from tests.compat.families.part import Part


class Generation(Part):
    """Files picked, and jobs generated."""
