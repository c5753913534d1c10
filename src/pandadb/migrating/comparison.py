"""All differences between a database and the models, whatever its revision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from pandadb.migrating import drift
from pandadb.models.base import PANDADB, Base

if TYPE_CHECKING:
    from sqlalchemy import Connection

OPTIONS: dict[str, Any] = {
    "target_metadata": Base.metadata,
    "version_table_schema": PANDADB,
    "include_schemas": True,
    "compare_server_default": True,
}
"""How Alembic looks at a database of ours."""


def options(connection: Connection) -> dict[str, Any]:
    """Return `OPTIONS`, and what Alembic leaves out in a database: partitions of our tables."""
    partitions = drift.partitions(connection)
    return {
        **OPTIONS,
        "include_name": lambda name, kind, parents: drift.is_ours(name, kind, parents, partitions),
    }


def compare_all(connection: Connection) -> list[Any]:
    """Return the differences as Alembic's tuples; [] if there are none."""
    context = MigrationContext.configure(connection, opts=options(connection))
    return list(compare_metadata(context, Base.metadata))
