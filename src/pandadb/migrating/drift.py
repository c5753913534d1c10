"""What Alembic's comparison does not see: keys, checks, sequences, partitions, and `sql/`.

Autogenerate looks at tables, columns, indexes, unique constraints and foreign keys. The rest is
compared here, so that a silent `alembic check` means that models, `sql/` and database agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic.autogenerate import comparators, renderers
from alembic.operations import MigrateOperation
from sqlalchemy import CheckConstraint, Connection
from typing_extensions import override

from pandadb.migrating import indexes
from pandadb.migrating.catalogue import (
    OUR_SCHEMAS,
    Difference,
    differences,
    rows,
    settle,
    try_on_copy,
)
from pandadb.migrating.sql_files import routines, triggers, view_indexes, views
from pandadb.models.base import Base

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import UpgradeOps

LIVE = "FOR VALUES FROM (MINVALUE) TO ('1970-01-02 00:00:00')"
PARTITIONS = {
    "doma_panda.filestable4": {"live": LIVE},
    "doma_panda.jobparamstable": {"live": LIVE},
    "doma_panda.metatable": {"live": LIVE},
    "doma_panda.tablepart4copying": {
        "n": "FOR VALUES IN ('N')",
        "y": "FOR VALUES IN ('Y')",
        "must_not": "FOR VALUES IN ('MUST NOT')",
    },
}
"""The partitions which revisions make beside the DEFAULT ones: suffix and bound."""


class Drift(MigrateOperation):
    """A difference that a revision has to remove by hand."""

    def __init__(self, difference: Difference) -> None:
        self.difference = difference
        self.is_mended = False
        """By another operation of the revision."""

    @override
    def to_diff_tuple(self) -> tuple[str, Difference]:
        """Return what `alembic check` prints."""
        return ("drift", self.difference)

    @override
    def reverse(self) -> Drift:
        """Return itself: a sentence has no other direction."""
        return self


@renderers.dispatch_for(Drift)
def _render(_context: AutogenContext, operation: Drift) -> list[str]:
    return [] if operation.is_mended else [f"# {operation.difference.sentence}"]


def partitions(connection: Connection) -> set[tuple[str, str]]:
    """Return schema and name of every partition: the models know the partitioned parents only."""
    query = """
        SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relispartition AND c.relkind IN ('r', 'p') AND n.nspname = ANY(:schemas)
    """
    return {(schema, name) for schema, name in rows(connection, query)}


def is_ours(
    name: str | None, kind: str, parents: Mapping[Any, Any], children: set[tuple[str, str]]
) -> bool:
    """Tell Alembic whether to look at an object: our schemas, without partitions of our tables."""
    if kind == "schema":
        return name in OUR_SCHEMAS
    if kind == "table":
        return (parents["schema_name"], name) not in children
    return True


@comparators.dispatch_for("schema")
def compare(context: AutogenContext, upgrade_ops: UpgradeOps, _schemas: object) -> None:
    """Add what autogenerate cannot see to what it has found."""
    connection = context.connection
    assert connection is not None  # noqa: S101 - autogenerate never works offline
    for find in FINDERS:
        upgrade_ops.ops.extend(Drift(difference) for difference in find(connection))


def primary_keys(connection: Connection) -> Iterator[Difference]:
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
    yield from differences("primary key of", wanted, dict(rows(connection, query)))


def checks(connection: Connection) -> Iterator[Difference]:
    """Compare every CHECK, as the server itself spells it."""
    wanted = {}
    for table in Base.metadata.tables.values():
        for check in table.constraints:
            if isinstance(check, CheckConstraint):
                given = f"CHECK ({check.sqltext})"
                spelled = _spelled(connection, table.fullname, given)
                wanted[f"{table.fullname}.{check.name}"] = spelled or given
    query = """
        SELECT n.nspname || '.' || t.relname || '.' || c.conname, pg_get_constraintdef(c.oid)
          FROM pg_constraint c
          JOIN pg_class t ON t.oid = c.conrelid AND NOT t.relispartition
          JOIN pg_namespace n ON n.oid = t.relnamespace
         WHERE c.contype = 'c' AND n.nspname = ANY(:schemas)
    """
    found = dict(rows(connection, query))
    settle(
        wanted,
        found,
        lambda name, check: _spelled(connection, name.rpartition(".")[0], check),
    )
    yield from differences("check", wanted, found)


def _spelled(connection: Connection, table: str, check: str) -> str | None:
    """Return the server's spelling of a CHECK, tried on an empty temporary copy of its table."""
    statement = f"ALTER TABLE drift_copy ADD CONSTRAINT spelled {check}"
    query = (
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = 'pg_temp.drift_copy'::regclass AND conname = 'spelled'"
    )
    return try_on_copy(connection, table, statement, query)


def sequences(connection: Connection) -> Iterator[Difference]:
    """Compare the sequences: type, first value, step, bounds, cache, cycle."""
    wanted = {
        f"{sequence.schema}.{sequence.name}": (
            "bigint",
            sequence.start or 1,
            sequence.increment or 1,
            sequence.minvalue or 1,
            sequence.maxvalue or 2**63 - 1,
            sequence.cache or 1,
            bool(sequence.cycle),
        )
        for sequence in Base.metadata._sequences.values()
    }
    query = """
        SELECT n.nspname || '.' || c.relname, format_type(s.seqtypid, NULL), s.seqstart,
               s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle
          FROM pg_sequence s
          JOIN pg_class c ON c.oid = s.seqrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ANY(:schemas)
           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'i')
    """
    found = {name: tuple(values) for name, *values in rows(connection, query)}
    yield from differences("sequence", wanted, found)


def partition_keys(connection: Connection) -> Iterator[Difference]:
    """Compare the partition keys, and ask each partitioned table for its DEFAULT partition."""
    wanted = {}
    for table in Base.metadata.tables.values():
        if key := table.dialect_options["postgresql"]["partition_by"]:
            wanted[table.fullname] = key
    query = """
        SELECT n.nspname || '.' || c.relname, pg_get_partkeydef(c.oid), p.partdefid <> 0
          FROM pg_partitioned_table p
          JOIN pg_class c ON c.oid = p.partrelid AND NOT c.relispartition
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ANY(:schemas)
    """
    found = {name: (key.replace('"', ""), net) for name, key, net in rows(connection, query)}
    keys = {name: key for name, (key, _) in found.items()}
    yield from differences("partition key of", wanted, keys)
    for name in sorted(name for name, (_, net) in found.items() if name in wanted and not net):
        sentence = (
            f"table {name} has no DEFAULT partition: a row that no partition takes is refused"
        )
        yield Difference("partition", f"{name}_default", sentence)


def made_partitions(connection: Connection) -> Iterator[Difference]:
    """Ask for the partitions that revisions make, with their bounds; others are nobody's drift."""
    wanted = {
        f"{table}_{suffix}": (table, bound)
        for table, made in PARTITIONS.items()
        for suffix, bound in made.items()
    }
    query = """
        SELECT n.nspname || '.' || c.relname, pn.nspname || '.' || p.relname,
               pg_get_expr(c.relpartbound, c.oid)
          FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
          JOIN pg_inherits i ON i.inhrelid = c.oid
          JOIN pg_class p ON p.oid = i.inhparent
          JOIN pg_namespace pn ON pn.oid = p.relnamespace
         WHERE c.relispartition AND n.nspname = ANY(:schemas)
    """
    found = {name: (table, bound) for name, table, bound in rows(connection, query)}
    yield from differences(
        "partition", wanted, {name: found[name] for name in wanted if name in found}
    )


def unlogged(connection: Connection) -> Iterator[Difference]:
    """Name what a crash of the server would empty."""
    query = """
        SELECT n.nspname || '.' || c.relname
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'm') AND c.relpersistence <> 'p'
         ORDER BY 1
    """
    for (name,) in rows(connection, query):
        sentence = f"table {name} is UNLOGGED: a crash of the server would empty it"
        yield Difference("table", name, sentence)


FINDERS = (
    primary_keys,
    checks,
    sequences,
    partition_keys,
    made_partitions,
    unlogged,
    indexes.conditions,
    indexes.invalid,
    views,
    view_indexes,
    routines,
    triggers,
)
