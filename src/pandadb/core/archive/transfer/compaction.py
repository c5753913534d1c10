"""The days of a month become one partition, which has their rows and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from pandadb.core.archive.checksums import Fingerprint, fingerprint_of
from pandadb.core.archive.layout import LIVE_OF, Part
from pandadb.core.partitions.table_options import LIKE, identify, traits
from pandadb.core.sql.table_columns import columns, named, writable
from pandadb.core.sql.transaction import schema_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from pandadb.core.archive.months import Month

MADE = (
    f"CREATE TABLE {{whole}} ({LIKE}, CONSTRAINT archive_bounds CHECK (modificationtime IS NOT NULL"
    " AND modificationtime >= {lower} AND modificationtime < {upper})){storage}"
)
FILLED = "INSERT INTO {whole} ({columns}) SELECT {columns} FROM {day}"
ALONE = "LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE"
DETACHED = "ALTER TABLE {table} DETACH PARTITION {day}"
ATTACHED = "ALTER TABLE {table} ATTACH PARTITION {whole} FOR VALUES FROM ({lower}) TO ({upper})"
BARE = "ALTER TABLE {whole} DROP CONSTRAINT archive_bounds"
DROPPED = "DROP TABLE {days}"


def whole_of(session: Session, table: str, month: Month) -> Part:
    """Return the partition that a month becomes in a table of the archive."""
    schema, _, name = table.partition(".")
    place = schema_of(session, schema)
    whole = f"{name}_{month.lower:p%Y_%m}"
    return Part(month.lower, month.upper, table, LIVE_OF[table], place, whole)


def fill(session: Session, whole: Part, days: Sequence[Part]) -> Fingerprint:
    """Make the partition beside its table, with the rows of the days; return its fingerprint.

    The CHECK that it has meanwhile saves the server from reading it to attach it.
    """
    names = [column.name for column in columns(session, named(session, whole.source))]
    table = named(session, whole.source)
    listed = sql.SQL(", ").join(map(sql.Identifier, writable(session, table)))
    _run(session, MADE, whole, storage=traits(session, table).clause())
    for day in days:
        _run(session, FILLED, whole, columns=listed, day=_place(day))
    return fingerprint_of(session, names, _place(whole))


def replace(session: Session, whole: Part, days: Sequence[Part]) -> None:
    """Put the partition where its days are, and drop these; their table is locked for that."""
    _run(session, ALONE, whole)
    for day in days:
        _run(session, DETACHED, whole, day=_place(day))
    _run(session, ATTACHED, whole)
    _run(session, BARE, whole)
    identify(session, whole.source, _place(whole))
    _run(session, DROPPED, whole, days=sql.SQL(", ").join(map(_place, days)))


def _place(part: Part) -> sql.Identifier:
    return sql.Identifier(part.schema, part.name)


def _run(session: Session, template: str, whole: Part, **names: sql.Composable) -> None:
    names |= {
        "table": named(session, whole.source),
        "whole": _place(whole),
        "lower": sql.Literal(str(whole.lower)),
        "upper": sql.Literal(str(whole.upper)),
    }
    words = {"no_parameters": True}  # a name of a column may have a %
    statement = sql.SQL(template).format(**names).as_string()
    session.connection().exec_driver_sql(statement, execution_options=words)
