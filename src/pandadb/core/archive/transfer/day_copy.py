"""A day to another database: tables made there beside the archive's, filled by COPY, and attached.

What is made is a table for itself until all of its day is there and is counted: nobody sees it
before. It has a CHECK meanwhile that saves the server from reading it to attach it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import text

from pandadb.core.archive.checksums import Fingerprint, fingerprint_of
from pandadb.core.archive.layout import ARCHIVE_OF
from pandadb.core.archive.months import rows_of
from pandadb.core.archive.transfer.partition_indexes import indexes
from pandadb.core.archive.transfer.swaps import BOUNDS, give_rights
from pandadb.core.partitions import catalog
from pandadb.core.partitions.table_options import LIKE, identify, traits
from pandadb.core.sql.copy import pipe
from pandadb.core.sql.table_columns import columns, named, writable
from pandadb.core.sql.transaction import schema_of
from pandadb.models import Base

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Part
    from pandadb.core.partitions.catalog import Partition
    from pandadb.core.sql.table_columns import Column

ORDER = (*ARCHIVE_OF,)
"""In which tables are locked, by their names among the live ones."""
FRESH = "_fresh"
"""How the name of a table ends that is not attached yet."""

MADE = (
    f"CREATE TABLE {{fresh}} ({LIKE} EXCLUDING INDEXES, CONSTRAINT {{bounds}}"
    " CHECK (modificationtime IS NOT NULL"
    " AND modificationtime >= {lower} AND modificationtime < {upper})){storage}"
)
OUT = "COPY (SELECT {columns} FROM {partition}) TO STDOUT (FORMAT {format})"
INTO = "COPY {fresh} ({columns}) FROM STDIN (FORMAT {format}, FREEZE)"
KEYED = "ALTER TABLE {fresh} ADD {key}"
INDEXED = "CREATE {unique}INDEX ON {fresh} USING {how}"
ATTACHED = (
    "ALTER TABLE {fresh} RENAME TO {new_name}",
    "ALTER TABLE {table} ATTACH PARTITION {renamed} FOR VALUES FROM ({lower}) TO ({upper})",
    "ALTER TABLE {renamed} DROP CONSTRAINT {bounds}",
)
ENTERED = "LOCK TABLE ONLY {table} IN SHARE UPDATE EXCLUSIVE MODE"
ALONE = "LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE"
REMOVED = ("ALTER TABLE {table} DETACH PARTITION {old}", "DROP TABLE {old}")
UNWRITTEN = "LOCK TABLE {partition} IN SHARE MODE"
LACKING = (
    "SELECT count(*) FROM {old} AS old"
    " WHERE NOT EXISTS (SELECT 1 FROM {fresh} AS fresh WHERE fresh.{key} = old.{key})"
)
PRIMARY = text("""
SELECT pg_get_constraintdef(oid) FROM pg_constraint
 WHERE conrelid = to_regclass(:table) AND contype = 'p'
""")
DROPPED = text("SELECT pandadb.drop_archived(:table, :partition)")


def fill(live: Session, there: Session, part: Part) -> None:
    """Make a partition's table in the other database and copy its rows.

    A table of that name that somebody has left is replaced.
    """
    has = columns(live, sql.Identifier(part.schema, part.name))
    target = named(there, part.target)
    generated = {column.name for column in columns(there, target)} - {*writable(there, target)}
    names = sql.SQL(", ").join(
        sql.Identifier(column.name) for column in has if column.name not in generated
    )
    is_same = _types(has) <= _types(columns(there, target))
    words = {"columns": names, "format": sql.SQL("binary" if is_same else "text")}
    partition = sql.Identifier(part.schema, part.name)
    place = make(there, part)
    pipe(
        live,
        sql.SQL(OUT).format(partition=partition, **words),
        there,
        sql.SQL(INTO).format(fresh=place, **words),
    )


def make(there: Session, part: Part) -> sql.Identifier:
    """Make a partition's table beside the archive's, empty; return its name.

    A table of that name that somebody has left is replaced.
    """
    storage = traits(there, named(there, part.target)).clause()
    _run(there, part, ["DROP TABLE IF EXISTS {fresh}", MADE], storage=storage)
    return _fresh(there, part)


def _types(has: Iterable[Column]) -> set[tuple[str, str]]:
    """Return names and types of columns; how long a text may be does not matter."""
    return {(column.name, column.type.partition("(")[0]) for column in has}


def build(there: Session, part: Part) -> None:
    """Give a table that has its rows the key and the indexes of the archive's."""
    words = {"table": named(there, part.target).as_string()}
    for key in there.scalars(PRIMARY, words).all():
        _run(there, part, [KEYED], key=sql.SQL(key))
    schema, _, table = part.target.partition(".")
    for index in indexes(there, schema_of(there, schema), table):
        unique = sql.SQL("UNIQUE " if index.is_unique else "")
        _run(there, part, [INDEXED], unique=unique, how=sql.SQL(index.how))


def fresh(there: Session, part: Part, names: Iterable[str]) -> Fingerprint:
    """Count a table that is not attached yet, over columns."""
    return fingerprint_of(there, names, _fresh(there, part))


def lacking(there: Session, part: Part, old: Partition) -> int:
    """Return how many rows a partition of the archive has whose keys are not in its new table."""
    key = next(iter(Base.metadata.tables[part.source].primary_key)).name
    query = sql.SQL(LACKING).format(
        old=_place(old), fresh=_fresh(there, part), key=sql.Identifier(key)
    )
    return int(there.connection().exec_driver_sql(query.as_string()).scalar_one())


def attach(there: Session, parts: Iterable[Part], replaced: dict[Part, Partition]) -> None:
    """Make the tables partitions of the archive, those that they replace going in their favour.

    All locks are taken first, in the same order for everybody.
    """
    for part in (ordered := sorted(parts, key=lambda part: (ORDER.index(part.live), part.lower))):
        _run(there, part, [ALONE if part in replaced else ENTERED])
    for part in ordered:
        if old := replaced.get(part):
            _run(there, part, REMOVED, old=_place(old))
        _run(there, part, ATTACHED)
        give_rights(there, part)
        schema = schema_of(there, part.target.partition(".")[0])
        identify(there, part.target, sql.Identifier(schema, part.new_name))


def archived(there: Session, part: Part, names: Iterable[str]) -> Fingerprint:
    """Count what the archive has of a partition's time, in whatever partition, over columns."""
    return fingerprint_of(there, names, rows_of(there, part.target, part))


def overlapping(there: Session, part: Part) -> list[Partition]:
    """Return the partitions of the archive that have something of a partition's time."""
    found = catalog.partitions(there, [part.target])[part.target]
    return [one for one in found if one.overlaps(part.lower, part.upper)]


def keep_writers_away(there: Session, parts: Collection[Part]) -> None:
    """Lock what the archive has of some partitions' time against writers; readers go on."""
    for part in parts:
        for one in overlapping(there, part):
            _run(there, part, [UNWRITTEN], partition=_place(one))


def drop(live: Session, part: Part) -> int:
    """Have the guard drop a partition; return how many rows it had.

    Raises:
        DBAPIError: It refuses, in a sentence (P0001), or locks were not free.
    """
    words = {"table": part.source.partition(".")[2], "partition": part.name}
    return int(live.execute(DROPPED, words).scalar_one())


def _place(one: Partition) -> sql.Identifier:
    return sql.Identifier(one.schema, one.name)


def _fresh(session: Session, part: Part) -> sql.Identifier:
    schema = schema_of(session, part.target.partition(".")[0])
    return sql.Identifier(schema, f"{part.new_name[:57]}{FRESH}")


def _run(session: Session, part: Part, templates: Iterable[str], **names: sql.Composable) -> None:
    """Run statements about a partition in the database that it goes to, in one message."""
    schema = schema_of(session, part.target.partition(".")[0])
    names |= {
        "table": named(session, part.target),
        "fresh": _fresh(session, part),
        "new_name": sql.Identifier(part.new_name),
        "renamed": sql.Identifier(schema, part.new_name),
        "bounds": sql.Identifier(BOUNDS),
        "lower": sql.Literal(str(part.lower)),
        "upper": sql.Literal(str(part.upper)),
    }
    statements = [sql.SQL(template).format(**names).as_string() for template in templates]
    words = {"no_parameters": True}  # the condition of an index may have a %
    session.connection().exec_driver_sql("; ".join(statements), execution_options=words)
