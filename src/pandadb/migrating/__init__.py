"""Extensions of Alembic for our revisions: own operations, and a complete comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.package_files import shipped

if TYPE_CHECKING:
    from pathlib import Path


def home() -> Path:
    """Return the folder of `alembic.ini`, `migrations/` and `sql/`: in the wheel or a checkout."""
    return shipped("_schema", ".")
