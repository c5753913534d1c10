"""Drift: differences from the schema and the other state that pandadb creates.

The models with `sql/` are compared by `schema.check`. This package checks the state that Alembic's
revisions do not carry and that a restore, or manual SQL, gets wrong: owners, grants, search paths,
row security, rules, storage parameters, seed rows, sequences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.sql import sequences
from pandadb.migrating.catalogue import Difference
from pandadb.services import archive, schema
from pandadb.services.drift import owners, rights, search_paths, seeds, tables
from pandadb.services.drift.roles import given

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from pandadb.database import Database


def check(database: Database) -> list[Difference]:
    """Return every difference between a database and the state that pandadb creates; [] if none.

    If the schema is up to date, it also looks for rows at 1970-01-01 of jobs that have ended.

    Raises:
        MigrationError: Revisions are missing, or the database is of a newer pandadb.
    """
    differences = schema.check(database)
    if not differences and (left := archive.stragglers(database)).jobs:
        differences = [Difference("rows", "1970-01-01", str(left))]
    with database.session() as session:
        return [*differences, *find(session), *_behind(session)]


def find(session: Session) -> Iterator[Difference]:
    """Yield the differences outside of the schema."""
    roles = given(session)
    yield from tables.find(session)
    yield from owners.find(session, roles)
    yield from rights.find(session, roles)
    yield from search_paths.find(session, roles)
    yield from seeds.find(session)


def _behind(session: Session) -> Iterator[Difference]:
    for one in sequences.behind(session):
        yield Difference("sequence", one.sequence, str(one))
