"""A table beside a table of the archive, filled and counted before it becomes a partition.

No reader sees its rows before that. Key and indexes are built after the rows are there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import text

from pandadb.core.archive.checksums import Fingerprint, fingerprint_of
from pandadb.core.archive.transfer import ddl
from pandadb.core.archive.transfer.partition_indexes import indexes
from pandadb.core.partitions import catalog
from pandadb.core.partitions.table_options import traits
from pandadb.core.sql.copy import pipe
from pandadb.core.sql.table_columns import column_names, columns, named, writable
from pandadb.core.sql.transaction import schema_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Part
    from pandadb.core.sql.table_columns import Column

COPY_OUT = "COPY (SELECT {columns} FROM {partition}) TO STDOUT (FORMAT {format})"
COPY_IN = "COPY {staged} ({columns}) FROM STDIN (FORMAT {format}, FREEZE)"
INSERT = "INSERT INTO {staged} ({columns}) SELECT {columns} FROM {partition}"
PRIMARY_KEY = text("""
SELECT pg_get_constraintdef(oid) FROM pg_constraint
 WHERE conrelid = to_regclass(:table) AND contype = 'p'
""")


def create(session: Session, part: Part) -> sql.Identifier:
    """Create the empty table of a partition, in place of a leftover; return its name."""
    storage = traits(session, named(session, part.target)).clause()
    ddl.run_for(session, part, ddl.DROP_STAGED, ddl.CREATE_TABLE, storage=storage)
    return ddl.staged(session, part)


def copy(source: Session, target: Session, part: Part) -> None:
    """Create the table of a partition in another database, and copy its rows there."""
    has = columns(source, ddl.place(part))
    table = named(target, part.target)
    written = {*writable(target, table)}
    generated = {*column_names(target, table)} - written
    is_same = _types(has) <= _types(columns(target, table))
    words = {
        "columns": _listed(column.name for column in has if column.name not in generated),
        "format": sql.SQL("binary" if is_same else "text"),
    }
    staged = create(target, part)
    pipe(
        source,
        sql.SQL(COPY_OUT).format(partition=ddl.place(part), **words),
        target,
        sql.SQL(COPY_IN).format(staged=staged, **words),
    )


def _types(has: Iterable[Column]) -> set[tuple[str, str]]:
    """Return names and types of columns, without the lengths of texts."""
    return {(column.name, column.type.partition("(")[0]) for column in has}


def insert(session: Session, part: Part, sources: Iterable[Part]) -> None:
    """Create the table of a partition, and insert the rows of partitions of its target."""
    listed = _listed(writable(session, named(session, part.target)))
    staged = create(session, part)
    for one in sources:
        ddl.run(session, INSERT, staged=staged, columns=listed, partition=ddl.place(one))


def _listed(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def build(session: Session, part: Part) -> None:
    """Give the table of a partition the primary key and the indexes of its target."""
    for key in session.scalars(PRIMARY_KEY, {"table": named(session, part.target).as_string()}):
        ddl.run_for(session, part, ddl.ADD_KEY, key=sql.SQL(key))
    schema, _, table = part.target.partition(".")
    for index in indexes(session, schema_of(session, schema), table):
        unique = sql.SQL("UNIQUE " if index.is_unique else "")
        ddl.run_for(session, part, ddl.CREATE_INDEX, unique=unique, how=sql.SQL(index.how))


def count(session: Session, part: Part, names: Iterable[str]) -> Fingerprint:
    """Return the fingerprint of the table of a partition, over some columns."""
    return fingerprint_of(session, names, ddl.staged(session, part))


def is_name_taken(session: Session, part: Part) -> bool:
    """Return whether there is a table, or anything else, of the name that a partition will have."""
    schema = schema_of(session, part.target.partition(".")[0])
    return catalog.is_taken(session, schema, part.new_name)
