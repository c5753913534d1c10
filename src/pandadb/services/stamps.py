"""The stamp of a database: its revisions in `pandadb.alembic_version`.

Tables of PanDA's without a stamp were created by other software, such as upstream's own SQL:
pandadb does not know their state, so it changes nothing there.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from alembic import command
from alembic.runtime.migration import HeadMaintainer, MigrationContext
from sqlalchemy import inspect, select, text

from pandadb.core.sql.transaction import schema_of
from pandadb.migrating.comparison import compare_all
from pandadb.migrating.sentences import sentences
from pandadb.models import PandaDBVersion
from pandadb.models.base import MIRRORED_SCHEMAS, PANDA, PANDADB, Base
from pandadb.services import revisions
from pandadb.services.revisions import MigrationError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pandadb.database import Database

READABLE = """
SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = :own AND c.relname = 'alembic_version'
"""
TABLES = """
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
"""
EXISTING_TABLES = """
SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p')
"""
STAMPS = 'SELECT version_num FROM "{own}".alembic_version ORDER BY 1'


class NotStamped(MigrationError):
    """A database with tables of PanDA's that pandadb did not create, or that lost its stamp."""


class Differs(MigrationError):
    """A database that differs from the models, so that a stamp would be wrong."""

    def __init__(self, differences: list[str]) -> None:
        self.differences = differences
        some = "; ".join(differences[:3]) + ("; …" if differences[3:] else "")
        super().__init__(
            f"The database differs from the models and was not stamped: {len(differences)} "
            f"differences, such as {some}. A stamp would hide them from pandadb db upgrade"
        )


@dataclass(frozen=True)
class Stamp:
    """A stamp that was made, or would be."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    """Revisions in `alembic_version`; none for an empty database."""


def heads(database: Database) -> tuple[str, ...]:
    """Return the revisions in `alembic_version`; none for an empty database.

    Raises:
        MigrationError: It is of a newer pandadb, has revisions of a site that are not here, or
            schemas of other names.
        NotStamped: It has tables of PanDA's, and no revision.
    """
    refuse_other_names(database)
    refuse_unstamped(database)
    found = _read(database)
    _refuse_newer(found)
    return found


def refuse_unstamped(database: Database) -> None:
    """Reject a database with tables of PanDA's that pandadb did not create.

    For a role that may not read the stamp, the existence of its table is enough.

    Raises:
        NotStamped: There are tables, and there is no stamp.
    """
    with database.engine.connect() as connection:
        own = schema_of(connection, PANDADB)
        readable = connection.scalar(text(READABLE), {"own": own})
        if readable is False or (readable and _stamps(connection, own)):
            return
        schemas = [schema_of(connection, name) for name in MIRRORED_SCHEMAS]
        if tables := connection.scalar(text(TABLES), {"schemas": schemas}):
            raise NotStamped(_foreign(tables, panda_version(connection), has_table=bool(readable)))


def _foreign(tables: int, panda: str | None, *, has_table: bool) -> str:
    version = f" of version {panda}" if panda else ""
    stamp = "is empty" if has_table else "is missing"
    return (
        f"This database has {tables} tables{version} in PanDA's schemas, but no revision: "
        f"{PANDADB}.alembic_version {stamp}. pandadb has not made these tables, and changes "
        "nothing here. Make a new database with pandadb db upgrade and load the rows into that; "
        "or, if pandadb did make them, pandadb db stamp head compares them and writes the revision"
    )


def panda_version(connection: Connection) -> str | None:
    """Return the version of PanDA's schema that the tables mirror; None if it is not recorded."""
    schema = schema_of(connection, PANDA)
    if not inspect(connection).has_table("pandadb_version", schema=schema):
        return None
    row = connection.execute(
        select(PandaDBVersion.major, PandaDBVersion.minor, PandaDBVersion.patch).where(
            PandaDBVersion.component == "PanDA"
        )
    ).one_or_none()
    return ".".join(map(str, row)) if row else None


def refuse_other_names(database: Database) -> None:
    """Reject a database with renamed schemas: revisions use the names of the models.

    Raises:
        MigrationError: The settings give schemas other names.
    """
    if database.engine.get_execution_options().get("schema_translate_map"):
        raise MigrationError(
            "PANDADB_SCHEMAS gives schemas other names. Migrations, db check, db grant, db "
            "fix-sequences, stats refresh, archive export and an archive of its own "
            "(PANDADB_ARCHIVE_URL) work only with the names of the models, doma_panda and so on: "
            "unset PANDADB_SCHEMAS"
        )


def stamp(
    database: Database, revision: str, *, compared: bool = True, dry_run: bool = False
) -> Stamp:
    """Write a revision into `alembic_version`, and change nothing else.

    Tables are compared with the models first, which is possible only for the newest revision;
    `base` removes the stamp. `head` is pandadb's newest: the site's revisions stay stamped, and are
    not compared; `site@head` stamps those.

    Raises:
        Differs: The database differs from the models.
        MigrationError: The revision cannot be compared.
        UnknownRevision: There is no such revision.
    """
    refuse_other_names(database)
    revisions.check(revision)
    before = _read(database)
    steps, after = _steps(before, revision)
    if compared and after:
        _refuse_differing(database, after)
    for step in () if dry_run else steps:
        revisions.run(command.stamp, revisions.config(database), step)
    return Stamp(before, after)


def _steps(before: tuple[str, ...], revision: str) -> tuple[list[str], tuple[str, ...]]:
    """Return the revisions to stamp, one after the other, and the resulting rows.

    Alembic removes pandadb's revision with the site's that implies it: so it is stamped again.
    """
    ours, site = revisions.last(before)
    if revision in ("head", "heads"):
        if ours == revisions.head():
            return [], before
        steps = [revisions.head()]
        after = _stamped(before, steps[0])
        for theirs in site:
            if theirs not in after:
                steps.append(theirs)
                after = _stamped(after, theirs)
        return steps, after
    steps = [revision]
    after = _stamped(before, revision)
    if revision.startswith(revisions.SITE) and ours and revisions.last(after)[0] != ours:
        steps.append(ours)
        after = _stamped(after, ours)
    return steps, after


def _stamped(before: tuple[str, ...], goal: str) -> tuple[str, ...]:
    """Return the rows of the table after a stamp, as computed by Alembic."""
    options = {"as_sql": True, "output_buffer": io.StringIO()}
    context = MigrationContext.configure(dialect_name="postgresql", opts=options)
    maintained = HeadMaintainer(context, before)
    for step in revisions.call_alembic(revisions.scripts()._stamp_revs, goal, before):
        maintained.update_to_step(step)
    return tuple(sorted(maintained.heads))


def _refuse_differing(database: Database, after: tuple[str, ...]) -> None:
    if revisions.last(after)[0] != revisions.head():
        raise MigrationError(
            f"Only the newest revision, {revisions.head()}, can be compared with a database: stamp "
            "that, or add --unchecked"
        )
    with database.engine.connect() as connection:
        if lacking := _lacking(connection):
            raise Differs([f"table {name} is missing" for name in lacking])
        differences = compare_all(connection)
    if differences:
        raise Differs([str(one) for one in sentences(differences)])


def _lacking(connection: Connection) -> list[str]:
    """Return the missing tables of the models, without which a comparison is pointless."""
    there = {*connection.scalars(text(EXISTING_TABLES))}
    return sorted({*Base.metadata.tables} - there)


def _read(database: Database) -> tuple[str, ...]:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table_schema": PANDADB})
        return tuple(sorted(context.get_current_heads()))


def _stamps(connection: Connection, own: str) -> list[str]:
    return [*connection.scalars(text(STAMPS.format(own=own)))]


def _refuse_newer(found: tuple[str, ...]) -> None:
    known = {one.revision for one in revisions.history()}
    unknown = [one for one in found if one not in known]
    ours = [one for one in unknown if one.isdecimal()]
    if ours:
        raise MigrationError(
            f"The database is at revision {ours[0]}, which this pandadb ({version('pandadb')}) "
            f"does not know: its newest is {revisions.head()}. A newer one has upgraded "
            "it, and is needed here: pip install --upgrade pandadb"
        )
    if unknown:
        raise MigrationError(
            f"The database is at revision {unknown[0]}, which is none of pandadb's: set "
            f"{revisions.SETTING} to the folder of the site's revisions that has it"
        )
