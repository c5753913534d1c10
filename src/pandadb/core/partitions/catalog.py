"""The partitions of a database, from PostgreSQL's catalog."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from psycopg import sql
from sqlalchemy import text

from pandadb.core.partitions.intervals import Bound, Unit
from pandadb.core.sql import timestamps
from pandadb.core.sql.transaction import schema_of
from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pandadb.core.partitions.policies import Policy
    from pandadb.core.sql.transaction import Transaction

NAME_EXISTS = text("SELECT to_regclass(:name) IS NOT NULL")
FEW, FAR = 100, 100
"""So many ids that are so many ranges beyond all others are not those that new rows follow."""
LIMITS = re.compile(r"FOR VALUES FROM \((.+)\) TO \((.+)\)")

PARTITIONS = text("""
SELECT pn.nspname || '.' || p.relname AS parent, cn.nspname AS schema, c.relname AS name,
       pg_get_expr(c.relpartbound, c.oid) AS bound, greatest(c.reltuples, 0)::bigint AS rows,
       pg_total_relation_size(c.oid) AS bytes
  FROM pg_inherits i
  JOIN pg_class p ON p.oid = i.inhparent AND p.relkind = 'p'
  JOIN pg_namespace pn ON pn.oid = p.relnamespace
  JOIN pg_class c ON c.oid = i.inhrelid
  JOIN pg_namespace cn ON cn.oid = c.relnamespace
 WHERE pn.nspname || '.' || p.relname = ANY(:parents) AND NOT i.inhdetachpending
 ORDER BY c.relname
""")


class UnknownBound(PandaDBError):
    """A partition with a bound that is no range of times or ids."""


@dataclass(frozen=True)
class Partition:
    """A partition; `rows` is the estimate of the last ANALYZE."""

    schema: str
    name: str
    lower: Bound | None
    """Where it begins; None is for ever back."""
    upper: Bound | None
    """The exclusive upper bound; None is no bound."""
    is_default: bool = False
    rows: int = 0
    bytes: int = 0

    def overlaps(self, lower: Bound, upper: Bound) -> bool:
        """Return whether a range overlaps it; none overlaps the DEFAULT partition."""
        mine: Any = (self.lower, self.upper)
        begins_before = mine[0] is None or mine[0] < upper
        return not self.is_default and begins_before and (mine[1] is None or mine[1] > lower)


def partitions(session: Transaction, tables: Collection[str]) -> dict[str, list[Partition]]:
    """Return the partitions of each of the tables, in the order of their bounds.

    One that is dropped while we look has no bound any more, or no size, and is none.

    Raises:
        UnknownBound: One is not of a range of times or ids.
    """
    ours = {f"{schema_of(session, t.partition('.')[0])}.{t.partition('.')[2]}": t for t in tables}
    found: dict[str, list[Partition]] = defaultdict(list)
    for row in session.execute(PARTITIONS, {"parents": [*ours]}):
        if row.bound is None or row.bytes is None:
            continue
        lower, upper = _bounds(row.name, row.bound)
        is_default = row.bound == "DEFAULT"
        one = Partition(row.schema, row.name, lower, upper, is_default, row.rows, row.bytes)
        found[ours[row.parent]].append(one)
    for group in found.values():
        group.sort(key=lambda p: (p.is_default, p.lower is not None, p.lower))
    return {table: found[table] for table in tables}


def is_taken(session: Transaction, schema: str, name: str) -> bool:
    """Return whether there is a table, or anything else, of that name."""
    place = sql.Identifier(schema, name).as_string()
    return bool(session.scalar(NAME_EXISTS, {"name": place}))


def _bounds(name: str, bound: str) -> tuple[Bound | None, Bound | None]:
    if bound == "DEFAULT":
        return None, None
    limits = LIMITS.fullmatch(bound)
    if not limits:
        raise UnknownBound(f"The partition {name} is of no range: {bound}")
    return _bound(name, limits[1]), _bound(name, limits[2])


def _bound(name: str, said: str) -> Bound | None:
    said = said.strip("'")
    if said in ("MINVALUE", "MAXVALUE"):
        return None
    try:
        return int(said) if said.lstrip("-").isdigit() else timestamps.read(said)
    except ValueError:
        raise UnknownBound(f"The partition {name} has a bound that is none: {said}") from None


@dataclass(frozen=True)
class Stray:
    """Rows in a DEFAULT partition."""

    ranges: Mapping[Bound, int] = field(default_factory=dict)
    """How many there are, by the beginning of their range."""
    beyond: int = 0
    """Rows for which there can be no partition, such as of infinity."""

    @property
    def rows(self) -> int:
        """Return how many there are."""
        return sum(self.ranges.values()) + self.beyond


def stray(session: Transaction, policy: Policy, default: Partition) -> Stray:
    """Return how many rows of a DEFAULT partition are in each range of the policy's interval."""
    key = f'"{policy.key}"'
    each = {
        Unit.DAY: f"date_trunc('day', {key})",
        Unit.MONTH: f"date_trunc('month', {key})",
        Unit.ID: f"floor({key}::numeric / {policy.interval.size}) * {policy.interval.size}",
    }[policy.interval.unit]
    query = text(
        f'SELECT {each}, count(*) FROM "{default.schema}"."{default.name}"'  # noqa: S608 - names
        f" WHERE {key} IS NOT NULL GROUP BY 1"
    )
    found: dict[Bound, int] = defaultdict(int)
    beyond = 0
    for value, rows in session.execute(query):
        exact = value if isinstance(value, datetime) else int(value)
        if limits := policy.interval.range_of(exact):
            found[limits[0]] += rows
        else:
            beyond += rows
    return Stray(found, beyond)


def now(session: Transaction) -> datetime:
    """Return the server's time, naive UTC."""
    found: datetime = session.scalars(text("SELECT now() AT TIME ZONE 'UTC'")).one()
    return found


@dataclass(frozen=True)
class Latest:
    """The values that new rows have now."""

    value: Bound
    """The time, or the greatest id that is not far beyond all others."""
    far: int = 0
    """How many rows have ids that are: probably a mistake."""
    first: Bound | None = None
    """The least of their ids, or the beginning of its range."""


def latest(session: Transaction, policy: Policy, today: datetime) -> Latest:
    """Return the value of the key that new rows have now: the time, or the greatest id.

    Up to FEW ids that are more than FAR ranges beyond all others are left out: partitions that
    follow them are no use to the ids that come.
    """
    if policy.interval.unit is not Unit.ID:
        return Latest(today)
    found = Latest(_greatest(session, policy) or 0)
    edge = policy.interval.start(found.value)
    while (rows := _number(session, policy, edge, found.value)) <= FEW:
        below = _greatest(session, policy, edge)
        if below is None:
            break
        if edge - below > FAR * policy.interval.size:
            found = Latest(below, found.far + rows, edge)
        edge = policy.interval.start(below)
    return found


def _greatest(session: Transaction, policy: Policy, below: int | None = None) -> int | None:
    """Return the greatest id, of those below another one; None if there is none."""
    condition = "" if below is None else f'WHERE "{policy.key}" < {below}'
    query = f'SELECT max("{policy.key}") FROM {_table(session, policy)} {condition}'  # noqa: S608
    found: int | None = session.scalars(text(query)).one()
    return found


def _number(session: Transaction, policy: Policy, first: Any, last: Any) -> int:
    """Count the rows of a range of ids; more than FEW are not counted."""
    some = (
        f"SELECT FROM {_table(session, policy)}"
        f' WHERE "{policy.key}" BETWEEN {first} AND {last} LIMIT {FEW + 1}'
    )
    return int(session.scalars(text(f"SELECT count(*) FROM ({some}) AS few")).one())  # noqa: S608


def _table(session: Transaction, policy: Policy) -> str:
    schema, _, name = policy.table.partition(".")
    return f'"{schema_of(session, schema)}"."{name}"'
