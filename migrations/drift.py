"""What Alembic's comparison does not see: keys, checks, sequences, partitions, views, functions.

Autogenerate looks at tables, columns, indexes, unique constraints and foreign keys. The rest is
compared here, so that a silent `alembic check` means that models, `sql/` and database agree.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from alembic.autogenerate import comparators, renderers
from alembic.operations import MigrateOperation
from sqlalchemy import CheckConstraint, Connection, text
from typing_extensions import override

from migrations.operations import SQL
from pandadb.models.base import MIRRORED, OWN, Base

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import UpgradeOps

OURS = (*MIRRORED, OWN)


class Drift(MigrateOperation):
    """A difference that a revision has to remove by hand."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence

    @override
    def to_diff_tuple(self) -> tuple[str, str]:
        """Return what `alembic check` prints."""
        return ("drift", self.sentence)

    @override
    def reverse(self) -> Drift:
        """Return itself: a sentence has no other direction."""
        return self


@renderers.dispatch_for(Drift)
def _render(_context: AutogenContext, operation: Drift) -> str:
    return f"# {operation.sentence}"


def partitions(connection: Connection) -> set[tuple[str, str]]:
    """Return schema and name of every partition: the models know the partitioned parents only."""
    rows = connection.execute(
        text(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n"
            " ON n.oid = c.relnamespace WHERE c.relispartition AND c.relkind IN ('r', 'p')"
        )
    )
    return {(schema, name) for schema, name in rows}


def is_ours(
    name: str | None, kind: str, parents: Mapping[Any, Any], children: set[tuple[str, str]]
) -> bool:
    """Tell Alembic whether to look at an object: our schemas, without partitions of our tables."""
    if kind == "schema":
        return name in OURS
    if kind == "table":
        return (parents["schema_name"], name) not in children
    return True


@comparators.dispatch_for("schema")
def compare(context: AutogenContext, upgrade_ops: UpgradeOps, _schemas: object) -> None:
    """Add what autogenerate cannot see to what it has found."""
    connection = context.connection
    assert connection is not None  # noqa: S101 - autogenerate never works offline
    for find in (primary_keys, checks, sequences, partition_keys, views, routines, triggers):
        upgrade_ops.ops.extend(Drift(sentence) for sentence in find(connection))


def _differences(what: str, wanted: Mapping[Any, Any], found: Mapping[Any, Any]) -> Iterator[str]:
    for name in sorted({*wanted, *found}):
        if name not in found:
            yield f"{what} {name} is missing in the database"
        elif name not in wanted:
            yield f"{what} {name} is in the database only"
        elif wanted[name] != found[name]:
            yield f"{what} {name}: expected {wanted[name]}, found {found[name]}"


def _rows(connection: Connection, query: str) -> list[Any]:
    return [*connection.execute(text(query), {"schemas": [*OURS]})]


def primary_keys(connection: Connection) -> Iterator[str]:
    """Compare the columns of every primary key."""
    wanted = {
        table.fullname: [column.name for column in table.primary_key]
        for table in Base.metadata.tables.values()
        if table.primary_key.columns
    }
    query = """
        SELECT n.nspname || '.' || t.relname, array_agg(a.attname::text ORDER BY k.place)
          FROM pg_constraint c
          JOIN pg_class t ON t.oid = c.conrelid AND NOT t.relispartition
          JOIN pg_namespace n ON n.oid = t.relnamespace
         CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS k(number, place)
          JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number
         WHERE c.contype = 'p' AND n.nspname = ANY(:schemas) AND t.relname <> 'alembic_version'
         GROUP BY 1
    """
    yield from _differences("primary key of", wanted, dict(_rows(connection, query)))


def checks(connection: Connection) -> Iterator[str]:
    """Compare every CHECK, as the server itself spells it."""
    wanted = {}
    for table in Base.metadata.tables.values():
        for check in table.constraints:
            if isinstance(check, CheckConstraint):
                wanted[f"{table.fullname}.{check.name}"] = _spelled(
                    connection, table.fullname, check
                )
    query = """
        SELECT n.nspname || '.' || t.relname || '.' || c.conname, pg_get_constraintdef(c.oid)
          FROM pg_constraint c
          JOIN pg_class t ON t.oid = c.conrelid AND NOT t.relispartition
          JOIN pg_namespace n ON n.oid = t.relnamespace
         WHERE c.contype = 'c' AND n.nspname = ANY(:schemas)
    """
    yield from _differences("check", wanted, dict(_rows(connection, query)))


def _spelled(connection: Connection, table: str, check: CheckConstraint) -> str:
    """Return the server's spelling of a CHECK, tried on an empty temporary copy of its table."""
    with connection.begin_nested() as attempt:
        connection.execute(text(f"CREATE TEMP TABLE drift_check (LIKE {table})"))
        connection.execute(
            text(f"ALTER TABLE drift_check ADD CONSTRAINT spelled CHECK ({check.sqltext})")
        )
        definition = connection.scalar(
            text(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE conrelid = 'pg_temp.drift_check'::regclass AND conname = 'spelled'"
            )
        )
        attempt.rollback()
    return str(definition)


def sequences(connection: Connection) -> Iterator[str]:
    """Compare the sequences: first value, step, limit, cycle."""
    wanted = {
        f"{sequence.schema}.{sequence.name}": (
            sequence.start or 1,
            sequence.increment or 1,
            sequence.maxvalue or 2**63 - 1,
            bool(sequence.cycle),
        )
        for sequence in Base.metadata._sequences.values()
    }
    query = """
        SELECT n.nspname || '.' || c.relname, s.seqstart, s.seqincrement, s.seqmax, s.seqcycle
          FROM pg_sequence s
          JOIN pg_class c ON c.oid = s.seqrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ANY(:schemas)
           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'i')
    """
    found = {name: tuple(values) for name, *values in _rows(connection, query)}
    yield from _differences("sequence", wanted, found)


def partition_keys(connection: Connection) -> Iterator[str]:
    """Compare the partition keys, and ask each partitioned table for its DEFAULT partition."""
    wanted = {}
    for table in Base.metadata.tables.values():
        if key := table.dialect_options["postgresql"]["partition_by"]:
            wanted[table.fullname] = (key, True)
    query = """
        SELECT n.nspname || '.' || c.relname, pg_get_partkeydef(c.oid), p.partdefid <> 0
          FROM pg_partitioned_table p
          JOIN pg_class c ON c.oid = p.partrelid AND NOT c.relispartition
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ANY(:schemas)
    """
    found = {
        name: (key.replace('"', ""), default) for name, key, default in _rows(connection, query)
    }
    yield from _differences("partition key and default partition of", wanted, found)


class Written(NamedTuple):
    """An object as a file of `sql/` makes it."""

    name: str
    body: str


def written(pattern: str, *folders: str) -> Iterator[Written]:
    """Return what the newest version of each file of the folders makes."""
    newest: dict[str, tuple[int, str]] = {}
    for folder in folders:
        for path in (SQL / folder).glob("*.v*.sql"):
            name, _, version = path.stem.rpartition(".v")
            newest[name] = max(newest.get(name, (0, "")), (int(version), path.read_text("utf-8")))
    for _, script in newest.values():
        for match in re.finditer(pattern, script, re.DOTALL | re.MULTILINE):
            yield Written(*match.groups())


VIEW = r"^CREATE (?:MATERIALIZED )?VIEW (\S+) AS\n(.*?);$"
ROUTINE = r"^CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE) (\S+?)\(.*?\$\$(.*?)\$\$;$"
TRIGGER = r"^CREATE TRIGGER (\w+)\n(.*?);$"


def views(connection: Connection) -> Iterator[str]:
    """Compare the views' queries, as the server itself spells them."""
    wanted = {view.name: _planned(connection, view.body) for view in written(VIEW, "views")}
    query = """
        SELECT n.nspname || '.' || c.relname, pg_get_viewdef(c.oid)
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('v', 'm') AND n.nspname = ANY(:schemas)
    """
    found = dict(_rows(connection, query))
    for name in {*wanted} & {*found}:
        if wanted[name] != found[name]:
            yield f"view {name} is not what its file in sql/views makes"
    yield from _differences("view", dict.fromkeys(wanted), dict.fromkeys(found))


def _planned(connection: Connection, query: str) -> str:
    with connection.begin_nested() as attempt:
        body = query.replace(":", r"\:")
        connection.execute(text(f"CREATE TEMP VIEW drift_view AS {body}"))
        definition = connection.scalar(
            text("SELECT pg_get_viewdef('pg_temp.drift_view'::regclass)")
        )
        attempt.rollback()
    return str(definition)


def routines(connection: Connection) -> Iterator[str]:
    """Compare the bodies of functions and procedures, which the server keeps as they were given."""
    wanted = dict(written(ROUTINE, "functions", "procedures"))
    query = """
        SELECT n.nspname || '.' || p.proname, p.prosrc
          FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname = ANY(:schemas)
           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    """
    yield from _differences("routine", wanted, dict(_rows(connection, query)))


def triggers(connection: Connection) -> Iterator[str]:
    """Compare the triggers."""
    wanted = {name: _folded(body) for name, body in written(TRIGGER, "triggers")}
    query = """
        SELECT t.tgname, pg_get_triggerdef(t.oid)
          FROM pg_trigger t
          JOIN pg_class c ON c.oid = t.tgrelid AND NOT c.relispartition
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE NOT t.tgisinternal AND n.nspname = ANY(:schemas)
    """
    found = {
        name: _folded(definition.removeprefix(f"CREATE TRIGGER {name} "))
        for name, definition in _rows(connection, query)
    }
    yield from _differences("trigger", wanted, found)


def _folded(definition: str) -> str:
    return " ".join(definition.split())
