"""Global shares: the share of a job or a task, the ranking for dispatch (semantics 7.2 to 7.4)."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from pandadb.models import GlobalShares, JobsShareStats, ResourceTypes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Row

    from pandadb.core.sql.transaction import Transaction

UNDEFINED_SHARE = "Undefined"
ROOT_SHARE = "root"
"""The share of all tasks where there are none: the root of the tree."""
EXECUTING_STATES = ("sent", "running")
MATCHED_COLUMNS = ("prodsourcelabel", "workinggroup", "processingtype", "rtype")
"""Patterns that a job has to match."""
PATTERNS_OF_TASKS = (*MATCHED_COLUMNS, "campaign", "transpath")
WORKING_GROUP_OF_NONE = " "
"""The working group of a task without one, to a pattern."""
PER_CORE = ("MBPerCore", "MBPerCoreFixed")
"""Units of memory (`ramunit`) that are for each core."""
MEMORY_COMPENSATION = 0.9
"""The part of a task's memory that counts for its class."""
EIGHT_CORES = 0
"""A core count of 0 means a whole node of 8 cores."""


@dataclass(frozen=True)
class Share:
    """A leaf of the tree of shares, with its part of everything in percent."""

    name: str
    percent: float
    patterns: Mapping[str, str | None]


def leaves(session: Transaction) -> list[Share]:
    """Return the shares that jobs may belong to, by name."""
    rows = session.execute(select(GlobalShares.__table__).order_by(GlobalShares.name)).mappings()
    children: dict[str | None, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        children[row["parent"]].append(dict(row))
    return sorted(_below(children, None, 100.0), key=lambda share: share.name)


def _below(
    children: Mapping[str | None, list[Mapping[str, Any]]], parent: str | None, percent: float
) -> Iterator[Share]:
    """Yield the leaves below a share: siblings divide its part by their values."""
    siblings = children.get(parent, [])
    total = sum(row["value"] for row in siblings) or 1
    for row in siblings:
        part = percent * row["value"] / total
        if children.get(row["name"]):
            yield from _below(children, row["name"], part)
        else:
            yield Share(row["name"], part, {name: row[name] for name in PATTERNS_OF_TASKS})


def share_of(job: Mapping[str, Any], shares: Sequence[Share]) -> str:
    """Return the first share with patterns that match the beginnings of the job's values.

    `rtype` is the resource type of the job's queue; without it, shares with an rtype do not match.
    """
    for share in shares:
        if all(
            re.match(pattern, str(job.get(name) or ""))
            for name, pattern in share.patterns.items()
            if pattern is not None and name in MATCHED_COLUMNS
        ):
            return share.name
    return UNDEFINED_SHARE


def share_of_task(task: Mapping[str, Any], shares: Sequence[Share]) -> str:
    """Return the first share with patterns that match the beginnings of the task's columns.

    Columns without a value match any pattern, but for the working group. `rtype` is the resource
    type of the first queue that the task has to run at, if there is one.
    """
    if not shares:
        return ROOT_SHARE
    given = {**task, "workinggroup": task.get("workinggroup") or WORKING_GROUP_OF_NONE}
    for share in shares:
        if all(
            re.match(pattern, str(given[name]))
            for name, pattern in share.patterns.items()
            if pattern is not None and given.get(name)
        ):
            return share.name
    return UNDEFINED_SHARE


def ranking(session: Transaction) -> list[str]:
    """Return the shares in the order of dispatch: the one furthest below its target first.

    The HS06 that a share executes are those of its sent and running jobs in the statistics.
    """
    stats = session.execute(
        select(JobsShareStats.gshare, func.sum(JobsShareStats.hs))
        .where(JobsShareStats.jobstatus.in_(EXECUTING_STATES))
        .group_by(JobsShareStats.gshare)
    ).all()
    executing = {gshare: float(hs or 0) for gshare, hs in stats}
    total = sum(executing.values())

    def behind(share: Share) -> float:
        pledged = total * share.percent / 100
        return executing.get(share.name, 0.0) / pledged if pledged else 1e6

    return [share.name for share in sorted(leaves(session), key=behind)]


def resource_types(session: Transaction) -> Sequence[Row[Any]]:
    """Return the rows of RESOURCE_TYPES, the classes of resources, by name."""
    rows = select(ResourceTypes.__table__).order_by(ResourceTypes.resource_name)
    return session.execute(rows).all()


def resource_type_of(job: Mapping[str, Any], types: Sequence[Row[Any]]) -> str:
    """Return the first class whose bounds hold the job's cores and memory (MB) per core."""
    asked = job.get("corecount")
    cores = 8 if asked == EIGHT_CORES else asked or 1
    return _resource_type(cores, round((job.get("minramcount") or 0) / cores), types)


def resource_type_of_task(task: Mapping[str, Any], types: Sequence[Row[Any]]) -> str:
    """Return the first class whose bounds hold the task's cores and memory (MB) per core.

    The memory is `ramcount` in `ramunit` and `baseramcount`, compensated (semantics 7.5).
    """
    asked = task.get("corecount")
    cores = 8 if asked == EIGHT_CORES else asked or 1
    memory = task.get("ramcount") or 0
    if task.get("ramunit") in PER_CORE:
        memory *= cores
    memory = (memory + (task.get("baseramcount") or 0)) / cores
    return _resource_type(cores, int(memory * MEMORY_COMPENSATION), types)


def _resource_type(cores: int, memory: int, types: Sequence[Row[Any]]) -> str:
    for kind in types:
        if _holds(kind.mincore, cores, kind.maxcore) and _holds(
            kind.minrampercore, memory, kind.maxrampercore
        ):
            return str(kind.resource_name)
    return UNDEFINED_SHARE


def _holds(low: int | None, number: int, high: int | None) -> bool:
    return (low is None or low <= number) and (high is None or number <= high)
