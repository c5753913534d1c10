"""The archive as another database: its preconditions, and the loss of its server."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pandadb.core.archive.layout import ARCHIVE_OF
from pandadb.core.sql.psycopg_connection import driver_of
from pandadb.core.sql.table_columns import columns, named
from pandadb.database import DatabaseUnreachable
from pandadb.errors import PandaDBError
from pandadb.services import schema
from pandadb.services.archive.plans import NotTheOwner, refuse_strangers
from pandadb.services.archive.transactions import lift_timeouts
from pandadb.services.grants import act_as_owner
from pandadb.services.locks import advisory_lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from sqlalchemy.orm import Session

    from pandadb.database import Database
    from pandadb.services.archive.report import RunReport

UPGRADE = "PANDADB_URL=$PANDADB_ARCHIVE_URL pandadb db upgrade"
HAS_RIGHTS = text("""
SELECT session_user, bool_and(has_table_privilege(said.name, said.what))
   AND has_function_privilege('pandadb.drop_archived(text, text)', 'EXECUTE')
  FROM unnest(CAST(:names AS text[]), CAST(:rights AS text[])) AS said (name, what)
""")
RIGHTS = {
    **dict.fromkeys(ARCHIVE_OF, "SELECT"),
    "pandadb.archive_proof": "INSERT",
    "doma_panda.tablepart4copying": "INSERT",
}
"""Privileges that copies need in the live database, beside the guard."""


class InvalidArchive(PandaDBError):
    """A database that cannot be the archive."""


class ArchiveLost(DatabaseUnreachable):
    """The archive's server went away while something was done there."""

    report: RunReport | None = None
    """The report of the run until then."""


class NotTheArchiver(PandaDBError):
    """A role that may not copy days and drop them."""


def refuse_unfit(database: Database, archive: Database) -> None:
    """Refuse an archive that days of a database cannot be copied to.

    Raises:
        ArchiveLost: Its server went away.
        InvalidArchive: It is the same database, or has another schema.
        DatabaseUnreachable: It does not answer, or does not let us in.
        NotTheArchiver: The user of the database may not do that.
        NotTheOwner: The user of the archive may not make partitions there.
    """
    refuse_unready(database, archive)
    _refuse_others(database)
    try:
        refuse_strangers(archive)
    except NotTheOwner as error:
        raise NotTheOwner(f"In the archive: {error}") from None
    _refuse_other_columns(database, archive)


def refuse_unready(database: Database, archive: Database) -> None:
    """Refuse a database that is no archive of another one, or not yet.

    Raises:
        InvalidArchive: It is the same database, or has another schema.
        DatabaseUnreachable: It does not answer, or does not let us in.
    """
    if _is_same(database, archive):
        raise InvalidArchive(
            "PANDADB_ARCHIVE_URL is the database of PANDADB_URL: leave it out, and days are "
            "swapped into its schema doma_pandaarch"
        )
    live, there = schema.last_revision(database), schema.last_revision(archive)
    if there is None:
        raise InvalidArchive(f"The archive has no schema yet: {UPGRADE}")
    if live != there:
        raise InvalidArchive(
            f"The archive is at revision {there}, the database at {live}: "
            f"pandadb db upgrade; {UPGRADE}"
        )
    texts, others = schema.encoding(database), schema.encoding(archive)
    if texts != others:
        raise InvalidArchive(
            f"The encoding of the archive is {others}, that of the database {texts}: texts would "
            "not be the same, so the archive has to be a database of the same encoding"
        )


def _is_same(database: Database, archive: Database) -> bool:
    """Return whether two URLs are of one database, by an advisory lock that both see."""
    key = str(secrets.randbits(62))
    with advisory_lock(database, key), advisory_lock(archive, key) as free:
        return not free


def _refuse_others(database: Database) -> None:
    words = {"names": [*RIGHTS], "rights": [*RIGHTS.values()]}
    with database.session() as session:
        act_as_owner(session.connection(), local=True)
        user, may = session.execute(HAS_RIGHTS, words).one()
    if not may:
        raise NotTheArchiver(
            f"{user} may not copy days and drop them: let the owner of the database run "
            f"pandadb db grant --member {user}=archiver"
        )


def _refuse_other_columns(database: Database, archive: Database) -> None:
    """Refuse tables of other columns: none may be lost, and proofs are of all of them."""
    with database.session() as live, archive_session(archive) as there:
        for table, target in ARCHIVE_OF.items():
            has = {column.name: column.type for column in columns(live, named(live, table))}
            had = {column.name: column.type for column in columns(there, named(there, target))}
            for lacking, there_is in ((target, has.keys() - had), (table, had.keys() - has)):
                for name in sorted(there_is):
                    raise InvalidArchive(
                        f"{lacking} lacks the column {name}, which the other database has: "
                        f"ALTER TABLE {lacking} ADD {name} {({**has, **had})[name]}"
                    )


@contextmanager
def archive_session(archive: Database) -> Iterator[Session]:
    """Open a session in the archive, as its owner, for one transaction that may take long.

    Its commit is durable.

    Raises:
        ArchiveLost: The connection broke.
        DatabaseUnreachable: The server does not answer, or does not let us in.
    """
    driver: psycopg.Connection | None = None
    try:
        with archive.session() as session:
            connection = session.connection()
            driver = driver_of(connection)
            act_as_owner(connection, local=True)
            lift_timeouts(session)
            session.execute(text("SET LOCAL synchronous_commit = on"))
            yield session
    except DBAPIError as error:
        if driver is not None and driver.closed and error.connection_invalidated:
            raise ArchiveLost(
                "The archive's server went away. Nothing is lost: the next run goes on when it is "
                "back"
            ) from None
        raise
