"""The partitions that a database has, as its catalogue says."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from pandadb.core.partitions.spans import Bound, Unit
from pandadb.core.transactions import schema_of
from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pandadb.core.partitions.policies import Policy
    from pandadb.core.transactions import Transaction

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
    """A partition whose bound is not one of ranges of times or ids."""


@dataclass(frozen=True)
class Partition:
    """A partition; `rows` is what the last ANALYZE has found."""

    schema: str
    name: str
    lower: Bound | None
    """Where it begins; None is for ever back."""
    upper: Bound | None
    """Where it ends, which is no part of it; None is for ever."""
    is_default: bool = False
    rows: int = 0
    bytes: int = 0

    def overlaps(self, lower: Bound, upper: Bound) -> bool:
        """Tell whether a range has something in common with it; the DEFAULT partition has not."""
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
        return int(said) if said.lstrip("-").isdigit() else datetime.fromisoformat(said)
    except ValueError:
        raise UnknownBound(f"The partition {name} has a bound that is none: {said}") from None


def stray(session: Transaction, policy: Policy, default: Partition) -> Mapping[Bound, int]:
    """Return how many rows of a DEFAULT partition are in each range of the policy's interval."""
    key = f'"{policy.key}"'
    each = {
        Unit.DAY: f"date_trunc('day', {key})",
        Unit.MONTH: f"date_trunc('month', {key})",
        Unit.ID: f"{key} / {policy.interval.size} * {policy.interval.size}",
    }[policy.interval.unit]
    query = text(
        f'SELECT {each}, count(*) FROM "{default.schema}"."{default.name}"'  # noqa: S608 - names
        f" WHERE {key} IS NOT NULL GROUP BY 1"
    )
    found: dict[Bound, int] = defaultdict(int)
    for value, rows in session.execute(query):
        found[policy.interval.start(value)] += rows
    return found


def now(session: Transaction) -> datetime:
    """Return the server's time, naive UTC."""
    found: datetime = session.scalars(text("SELECT now() AT TIME ZONE 'UTC'")).one()
    return found


def latest(session: Transaction, policy: Policy, today: datetime) -> Bound:
    """Return the value of the key that new rows have now: the time, or the greatest id."""
    if policy.interval.unit is not Unit.ID:
        return today
    schema, _, name = policy.table.partition(".")
    table = f'"{schema_of(session, schema)}"."{name}"'
    query = f'SELECT coalesce(max("{policy.key}"), 0) FROM {table}'  # noqa: S608 - our names
    return int(session.scalars(text(query)).one())
