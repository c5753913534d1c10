"""Properties of indexes that autogenerate ignores: conditions of partial ones, and validity."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pandadb.migrating.catalogue import Difference, differences, rows, settle, try_on_copy
from pandadb.models.base import Base

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection


def conditions(connection: Connection) -> Iterator[Difference]:
    """Compare the conditions of partial indexes, of those that are in models and database."""
    indexes = {
        f"{table.schema}.{index.name}": (table.fullname, index)
        for table in Base.metadata.tables.values()
        for index in table.indexes
    }
    query = """
        SELECT n.nspname || '.' || c.relname, pg_get_expr(i.indpred, i.indrelid)
          FROM pg_index i
          JOIN pg_class c ON c.oid = i.indexrelid AND NOT c.relispartition
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ANY(:schemas)
    """
    found = {name: where for name, where in rows(connection, query) if name in indexes}
    wanted = {name: indexes[name][1].dialect_options["postgresql"]["where"] for name in found}
    spell = partial(_spelled_condition, connection, {name: indexes[name][0] for name in found})
    partly = {
        name: spell(name, str(where)) or str(where)
        for name, where in wanted.items()
        if where is not None
    }
    there = {name: where for name, where in found.items() if where is not None}
    settle(partly, there, spell)
    nothing = dict.fromkeys(found)
    yield from differences("condition of index", nothing | partly, nothing | there)


def _spelled_condition(
    connection: Connection, tables: Mapping[str, str], name: str, where: str
) -> str | None:
    """Return the server's spelling of an index's condition."""
    statement = f"CREATE INDEX ON drift_copy ((1)) WHERE {where}"
    query = (
        "SELECT pg_get_expr(indpred, indrelid) FROM pg_index"
        " WHERE indrelid = 'pg_temp.drift_copy'::regclass"
    )
    return try_on_copy(connection, tables[name], statement, query)


def invalid(connection: Connection) -> Iterator[Difference]:
    """Yield the invalid indexes, which no query uses though writers maintain them."""
    query = """
        SELECT format('%I.%I', n.nspname, c.relname)
          FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE NOT (i.indisvalid AND i.indisready) AND n.nspname = ANY(:schemas)
         ORDER BY 1
    """
    for (name,) in rows(connection, query):
        sentence = f"index {name} is invalid: REINDEX INDEX CONCURRENTLY {name} builds it anew"
        yield Difference("index", name, sentence)
