"""The statements of a step; those of one step are one transaction.

Partitions are made beside their table and then attached, under a lock that lets readers pass and
writers wait: a row that is written meanwhile finds its way into the new partition, and none goes
to the DEFAULT one, which then would refuse it. PostgreSQL does not detach CONCURRENTLY from a table
with a DEFAULT partition, so dropping takes the table for itself, for a moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from pandadb.core.partitions.planning import Do
from pandadb.core.partitions.table_options import LIKE_TABLE, Traits, traits
from pandadb.core.sql.table_columns import writable
from pandadb.core.sql.transaction import schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from pandadb.core.partitions.catalog import Partition
    from pandadb.core.partitions.intervals import Bound
    from pandadb.core.partitions.planning import PlanStep


def statements(session: Session, step: PlanStep, key: str, existing: list[Partition]) -> list[str]:
    """Return the SQL of a step; none if the archiver does it, or a person."""
    schema, _, table = step.table.partition(".")
    schema = schema_of(session, schema)
    names: dict[str, sql.Composable] = {
        "table": sql.Identifier(schema, table),
        "partition": sql.Identifier(_schema(step, existing) or schema, step.partition),
        "lower": _literal(step.lower),
        "upper": _literal(step.upper),
    }
    if step.do is Do.DROP:
        return [_said(template, names) for template in (DETACH_PARTITION, DROP_TABLE)]
    if step.do in (Do.ARCHIVE, Do.LEAVE):
        return []
    default = next((one for one in existing if one.is_default), None)
    if step.do is Do.DRAIN and default:
        names["key"] = sql.Identifier(key)
        names["default"] = place = sql.Identifier(default.schema, default.name)
        names["columns"] = sql.SQL(", ").join(map(sql.Identifier, writable(session, place)))
    return [*_making(names, traits(session, sql.Identifier(schema, table)))]


def analyzing(step: PlanStep, existing: list[Partition]) -> list[str]:
    """Return the SQL that gives a partition statistics; none if it is gone."""
    schema = _schema(step, existing)
    name = sql.Identifier(schema, step.partition) if schema else None
    return [_said(ANALYZE, {"partition": name})] if name else []


def _making(names: dict[str, sql.Composable], has: Traits) -> Iterator[str]:
    names["storage"] = has.clause()
    yield _said(CREATE_TABLE, names)
    yield _said(LOCK_TABLE, names)
    if "default" in names:
        yield _said(MOVE_ROWS, names)
    yield _said(ATTACH_PARTITION, names)
    if has.identity != "DEFAULT":
        yield has.identify(names["partition"]).as_string()  # type: ignore[arg-type]


CREATE_TABLE = f"CREATE TABLE {{partition}} ({LIKE_TABLE}){{storage}}"
LOCK_TABLE = "LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"
MOVE_ROWS = (
    "WITH gone AS (DELETE FROM {default} WHERE {key} >= {lower} AND {key} < {upper}"
    " RETURNING {columns}) INSERT INTO {partition} ({columns}) SELECT {columns} FROM gone"
)
ATTACH_PARTITION = (
    "ALTER TABLE {table} ATTACH PARTITION {partition} FOR VALUES FROM ({lower}) TO ({upper})"
)
ANALYZE = "ANALYZE {partition}"
DETACH_PARTITION = "ALTER TABLE {table} DETACH PARTITION {partition}"
DROP_TABLE = "DROP TABLE {partition}"


def _said(template: str, names: dict[str, sql.Composable]) -> str:
    return sql.SQL(template).format(**names).as_string()


def _literal(bound: Bound | None) -> sql.Composable:
    return sql.Literal(str(bound) if hasattr(bound, "year") else bound)


def _schema(step: PlanStep, existing: list[Partition]) -> str | None:
    return next((one.schema for one in existing if one.name == step.partition), None)


def run(session: Session, statements_: list[str]) -> None:
    """Run the statements of a step in the session's transaction."""
    for statement in statements_:
        words = {"no_parameters": True}  # a name of a column may have a %
        session.connection().exec_driver_sql(statement, execution_options=words)
