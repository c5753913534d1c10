"""What Alembic lacks for our revisions: operations of their own, and a comparison that sees all."""

from __future__ import annotations

from pathlib import Path

import pandadb


def home() -> Path:
    """Return the folder of `alembic.ini`, `migrations/` and `sql/`: in the wheel or a checkout."""
    package = Path(pandadb.__file__).parent
    packed = package / "_schema"
    return packed if packed.exists() else package.parents[1]
