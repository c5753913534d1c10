"""The steps that bring a table's partitions in line with its policy: a pure plan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pandadb.core.partitions.policies import Then

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from pandadb.core.partitions.catalog import Latest, Partition, Stray
    from pandadb.core.partitions.intervals import Bound
    from pandadb.core.partitions.policies import Policy


class Do(StrEnum):
    """The action of a step."""

    MAKE = "make"
    DRAIN = "drain"
    """Make it, of rows that are in the DEFAULT partition."""
    DROP = "drop"
    ARCHIVE = "archive"
    """Leave it to the archiver."""
    LEAVE = "leave"
    """No action: rows for which no partition is made need a person."""


@dataclass(frozen=True)
class PlanStep:
    """Something to be done with one partition, and why; or rows that stay where they are."""

    do: Do
    table: str
    partition: str
    """Without its schema, which is the table's for one that is made."""
    lower: Bound | None
    upper: Bound | None
    why: str
    rows: int = 0
    """So many are in the DEFAULT partition; or were in this one when it was last analyzed."""


def plan(
    policy: Policy,
    existing: Sequence[Partition],
    latest: Bound,
    now: datetime,
    stray: Mapping[Bound, int],
) -> list[PlanStep]:
    """Return the steps for a table, partitions to be made first.

    `latest` is the time, or the greatest id; `stray` has the number of rows in the DEFAULT
    partition by the lower bound of their range. A range with such rows can only be made together
    with them.
    """
    return [*_making(policy, existing, latest, stray), *_ending(policy, existing, now)]


def odd(
    policy: Policy, existing: Sequence[Partition], latest: Latest, stray: Stray
) -> Iterator[PlanStep]:
    """Yield the steps that need a person: rows outside of the plan."""
    default = next((one.name for one in existing if one.is_default), "")
    if stray.beyond:
        why = f"no partition can have their {policy.key}: infinite, before the year 1, or too large"
        yield PlanStep(Do.LEAVE, policy.table, default, None, None, why, stray.beyond)
    if latest.far:
        why = (
            f"their {policy.key} is far beyond all others, of which the greatest is "
            f"{latest.value}: no partitions are made for ids that would follow"
        )
        name = policy.table.partition(".")[2]
        yield PlanStep(Do.LEAVE, policy.table, name, latest.first, None, why, latest.far)


def _making(
    policy: Policy, existing: Sequence[Partition], latest: Any, stray: Mapping[Any, int]
) -> Iterator[PlanStep]:
    interval = policy.interval
    current = interval.start(latest)
    ahead = _ahead(policy, current)
    names = {partition.name for partition in existing}
    for start in sorted({*ahead, *stray}):
        rows = stray.get(start, 0)
        why = f"{rows} rows are in the DEFAULT partition" if rows else _why(start, current)
        for lower, upper in gaps(existing, start, interval.after(start)):
            name = f"{policy.table.partition('.')[2]}_{interval.suffix(lower)}"
            if name in names:  # that of a wider or narrower one
                name = f"{name}_{upper:%Y_%m_%d}" if hasattr(upper, "year") else f"{name}_{upper}"
            yield PlanStep(
                Do.DRAIN if rows else Do.MAKE, policy.table, name, lower, upper, why, rows
            )


def _ahead(policy: Policy, current: Any) -> Iterator[Any]:
    """Yield where ranges begin, as many as are wanted, unless there are no such values."""
    for _ in range(policy.ahead + 1):
        limits = policy.interval.range_of(current)
        if limits is None:
            return
        yield limits[0]
        current = limits[1]


def _why(start: Any, current: Any) -> str:
    return "is filled now" if start == current else "will be filled next"


def gaps(existing: Sequence[Partition], lower: Any, upper: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the parts of a range that no partition has: all of it, unless widths have changed.

    The partitions are in the order of their bounds.
    """
    for partition in existing:
        if partition.overlaps(lower, upper):
            if partition.lower is not None and partition.lower > lower:
                yield lower, partition.lower
            if partition.upper is None or partition.upper >= upper:
                return
            lower = partition.upper
    yield lower, upper


def _ending(policy: Policy, existing: Sequence[Partition], now: datetime) -> Iterator[PlanStep]:
    if policy.retention is None or policy.then is Then.KEEP:
        return
    horizon: Any = policy.retention.before(now)
    why = f"ended before {horizon:%Y-%m-%d %H:%M}: {policy.retention} are kept"
    for partition in existing:
        if partition.lower is None or partition.upper is None or partition.upper > horizon:
            continue
        yield PlanStep(
            Do(policy.then.value),
            policy.table,
            partition.name,
            partition.lower,
            partition.upper,
            why,
            partition.rows,
        )
