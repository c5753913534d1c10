"""Partitions for rows that are about to come, as `pandadb partitions maintain` would make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.archive import proofs
from pandadb.core.archive.checksums import Fingerprint
from pandadb.core.archive.layout import LIVE_OF, part_of
from pandadb.core.archive.transfer import ddl, rows
from pandadb.core.partitions import catalog, planning, statements
from pandadb.core.partitions.planning import Do, PlanStep
from pandadb.core.sql.time_range import TimeRange

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pandadb.core.archive.transfer.rows import Direction
    from pandadb.core.partitions.catalog import Partition
    from pandadb.core.partitions.policies import Policy

KEY = "modificationtime"
HAS_ROWS_IN_DEFAULT = "SELECT EXISTS (SELECT 1 FROM {default} WHERE {times})"
REASON = "rows come"


def ensure(
    session: Session,
    direction: Direction,
    policies: Mapping[str, Policy],
    times: TimeRange,
    pandaids: Collection[int],
) -> None:
    """Create the partitions that rows of jobs need on the other side, as wide as the policies say.

    A time with rows in the DEFAULT partition gets none: the rows that come go there, too.
    The same holds for times that no partition can have, such as infinity.
    """
    for source, target in direction.tables.items():
        interval = policies[LIVE_OF.get(target, target)].interval
        days = rows.days_of(session, source, times, pandaids)
        for start, end in sorted({*filter(None, map(interval.range_of, days))}):
            _create(session, target, start, end, interval.suffix(start))


def _create(session: Session, table: str, lower: datetime, upper: datetime, suffix: str) -> None:
    has = catalog.partitions(session, [table])[table]
    for first, end in [*planning.gaps(has, lower, upper)]:
        if _has_strays(session, has, TimeRange(first, end)):
            continue
        name = f"{table.partition('.')[2]}_{suffix}"
        if (first, end) != (lower, upper):  # beside a narrower one that may have the name
            name = f"{name}_to_{end:%Y_%m_%d}"
        step = PlanStep(Do.MAKE, table, name, first, end, REASON)
        statements.run(session, statements.statements(session, step, KEY, has))
        if table in LIVE_OF:
            _prove_empty(session, table, name)


def _has_strays(session: Session, has: Collection[Partition], times: TimeRange) -> bool:
    words = {"times": times.condition()}
    return any(
        ddl.run(session, HAS_ROWS_IN_DEFAULT, default=ddl.place(one), **words).scalar_one()
        for one in has
        if one.is_default
    )


def _prove_empty(session: Session, table: str, name: str) -> None:
    """Add the proof that a new partition of the archive is empty: later proofs go on from it."""
    for one in catalog.partitions(session, [table])[table]:
        if one.name == name:
            nothing = Fingerprint(0, 0)
            proofs.prove(session, part_of(table, one), rows.MERGE, nothing, nothing)
