"""Tasks submitted, taken and refined."""

from __future__ import annotations

from tests.compat.families.part import Part


class Submission(Part):
    """Tasks submitted, taken and refined."""
