"""What a database says of its schema: the stamp, which is its rows in `pandadb.alembic_version`.

Tables of PanDA's without a stamp were made by others, such as upstream's own SQL: pandadb does not
know what they are like, so it changes nothing there.
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
    """A database with tables of PanDA's that pandadb has not made, or that has lost its stamp."""


class Differs(MigrationError):
    """A database that is not what a stamp would say."""

    def __init__(self, differences: list[str]) -> None:
        self.differences = differences
        some = "; ".join(differences[:3]) + ("; …" if differences[3:] else "")
        super().__init__(
            f"The database is not what the models say, so it is not stamped: {len(differences)} "
            f"differences, such as {some}. A stamp would hide them from pandadb db upgrade"
        )


@dataclass(frozen=True)
class Stamp:
    """A stamp that was made, or would be."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    """Revisions as they stand in `alembic_version`; none for an empty database."""


def heads(database: Database) -> tuple[str, ...]:
    """Return the revisions that stand in `alembic_version`; none for an empty database.

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
    """Refuse a database with tables of PanDA's that pandadb has not made.

    A role that may not read the stamp is taken at its word that there is one.

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
    """Return the version of PanDA's schema that the tables mirror; None if they do not say."""
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
    """Refuse a database whose schemas are called otherwise: revisions name those of the models.

    Raises:
        MigrationError: The settings give schemas other names.
    """
    if database.engine.get_execution_options().get("schema_translate_map"):
        raise MigrationError(
            "PANDADB_SCHEMAS gives schemas other names. Migrations, db check, db grant, db "
            "fix-sequences, archive export and an archive of its own (PANDADB_ARCHIVE_URL) work "
            "only with the names of the models, doma_panda and so on: unset PANDADB_SCHEMAS"
        )


def stamp(
    database: Database, revision: str, *, compared: bool = True, dry_run: bool = False
) -> Stamp:
    """Write a revision into `alembic_version`, and change nothing else.

    Tables are compared with the models first, which only the newest revision can be; `base` takes
    the stamp away. `head` is pandadb's newest: what is the site's stays as it is, and nobody can
    compare it; `site@head` stamps that.

    Raises:
        Differs: The database is not what the models say.
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
    """Return what is stamped one after the other, and what stands there then.

    Alembic forgets pandadb's revision with the site's that implies it: so it is stamped again.
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
    """Return what would stand in the table after a stamp, as Alembic says it of a script."""
    options = {"as_sql": True, "output_buffer": io.StringIO()}
    context = MigrationContext.configure(dialect_name="postgresql", opts=options)
    maintained = HeadMaintainer(context, before)
    for step in revisions.told(revisions.scripts()._stamp_revs, goal, before):
        maintained.update_to_step(step)
    return tuple(sorted(maintained.heads))


def _refuse_differing(database: Database, after: tuple[str, ...]) -> None:
    if revisions.last(after)[0] != revisions.head():
        raise MigrationError(
            f"Only the newest revision, {revisions.head()}, can be compared with a database: stamp "
            "that, or say --unchecked"
        )
    with database.engine.connect() as connection:
        if lacking := _lacking(connection):
            raise Differs([f"table {name} is missing" for name in lacking])
        differences = compare_all(connection)
    if differences:
        raise Differs([str(one) for one in sentences(differences)])


def _lacking(connection: Connection) -> list[str]:
    """Return the tables of the models that are not there: then there is nothing to compare."""
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
