"""Instances looked at: each with its numbers of workers, one with its workers, its commands.

Credentials in messages, addresses and parameters are masked.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from pandadb.core.harvester.commands.command_queue import MOST
from pandadb.core.harvester.credentials import mask, mask_json
from pandadb.core.harvester.instances import no_trace
from pandadb.core.sql.expressions import now
from pandadb.core.sql.validation import check_columns, check_number, words
from pandadb.models import (
    HarvesterCommands,
    HarvesterInstances,
    HarvesterRelJobsWorkers,
    HarvesterWorkers,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement

    from pandadb.core.sql.transaction import Transaction

INSTANCE, WORKER, COMMAND, RELATION = (
    one.__table__.c
    for one in (HarvesterInstances, HarvesterWorkers, HarvesterCommands, HarvesterRelJobsWorkers)
)
MAX_PAGE = 100_000
MAX_HOURS = 876_000
Row = dict[str, Any]


@dataclass(frozen=True)
class WorkerFilter:
    """Conditions on workers of an instance; None matches all.

    Raises:
        InvalidValue: A value does not fit its column.
    """

    status: str | Sequence[str] | None = None
    """A state, or several."""
    computingsite: str | None = None
    computingelement: str | None = None
    batchid: str | None = None
    since: datetime | None = None
    """Of `lastupdate`, naive UTC."""

    def __post_init__(self) -> None:
        for name in ("computingsite", "computingelement", "batchid"):
            check_columns(HarvesterWorkers, {name: getattr(self, name)})
        for status in words(self.status or ()):
            check_columns(HarvesterWorkers, {"status": status})
        if self.since is not None:
            check_columns(HarvesterWorkers, {"lastupdate": self.since})

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions."""
        if self.status:
            yield WORKER.status.in_(words(self.status))
        for name in ("computingsite", "computingelement", "batchid"):
            if (given := getattr(self, name)) is not None:
                yield WORKER[name] == given
        if self.since is not None:
            yield WORKER.lastupdate >= self.since


@dataclass(frozen=True)
class WorkerPage:
    """Some workers, the largest numbers first, each with its jobs."""

    workers: list[Row]
    next: int | None
    """The worker to give as `before` for the next page; None if this is the last."""


@dataclass
class InstanceState:
    """An instance with the numbers of its workers."""

    harvester: str
    instance: Row | None
    """Its columns; None if it is not registered: Harvester may report before that."""
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """Workers by queue and state."""
    commands: dict[str, int] = field(default_factory=dict)
    """Commands by state."""

    @property
    def states(self) -> dict[str, int]:
        """Return the numbers of workers by state, at all queues."""
        found: dict[str, int] = defaultdict(int)
        for states in self.counts.values():
            for status, number in states.items():
                found[status] += number
        return dict(found)


@dataclass(frozen=True)
class InstancePage:
    """A Harvester with its workers."""

    state: InstanceState
    page: WorkerPage


def states(
    session: Transaction, harvester: str | None = None, *, hours: int = 24
) -> list[InstanceState]:
    """Return instances, or one, with workers of the last hours counted; two statements.

    Raises:
        UnknownInstance: The instance is not registered, and has no workers.
        InvalidValue: `hours` is no number, or the name does not fit.
    """
    check_number("hours", hours, 1, MAX_HOURS)
    check_columns(HarvesterInstances, {"harvester_id": harvester or ""})
    found = {row["harvester_id"]: _state(row) for row in _instances(session, harvester)}
    for row in session.execute(_counts(harvester, hours)):
        state = found.setdefault(row.harvesterid, InstanceState(row.harvesterid, None))
        state.counts.setdefault(row.computingsite or "", {})[row.status] = row.number
    if harvester is not None and not found:
        raise no_trace(session, harvester)
    return [found[name] for name in sorted(found)]


def _state(row: Row) -> InstanceState:
    commands = row.pop("commands") or {}
    return InstanceState(row["harvester_id"], mask(row), {}, dict(sorted(commands.items())))


def _instances(session: Transaction, harvester: str | None) -> list[Row]:
    by_state = (
        select(COMMAND.status.label("status"), func.count().label("number"))
        .where(COMMAND.harvester_id == INSTANCE.harvester_id, COMMAND.status.is_not(None))
        .group_by(COMMAND.status)
        .correlate(HarvesterInstances.__table__)
        .subquery()
    )
    commands = select(func.jsonb_object_agg(by_state.c.status, by_state.c.number))
    rows = select(HarvesterInstances.__table__, commands.scalar_subquery().label("commands"))
    if harvester is not None:
        rows = rows.where(INSTANCE.harvester_id == harvester)
    return [dict(row) for row in session.execute(rows).mappings()]


def _counts(harvester: str | None, hours: int) -> Any:
    key = (WORKER.harvesterid, WORKER.computingsite, WORKER.status)
    rows = select(*key, func.count().label("number")).group_by(*key).order_by(*key)
    rows = rows.where(WORKER.lastupdate > now() - timedelta(hours=hours))
    return rows if harvester is None else rows.where(WORKER.harvesterid == harvester)


def workers(
    session: Transaction,
    harvester: str,
    chosen: WorkerFilter,
    *,
    limit: int = 100,
    before: int | None = None,
) -> WorkerPage:
    """Return a page of an instance's workers with their jobs (keyset pagination); one statement.

    Raises:
        InvalidValue: `limit` is not from 1 to 100,000, `before` no number, or a name does not fit.
    """
    check_number("limit", limit, 1, MAX_PAGE)
    check_columns(HarvesterWorkers, {"harvesterid": harvester})
    conditions = [WORKER.harvesterid == harvester, *chosen.conditions()]
    if before is not None:
        check_columns(HarvesterWorkers, {"workerid": before})
        conditions.append(WORKER.workerid < before)
    some = select(HarvesterWorkers.__table__).where(*conditions)
    page = some.order_by(WORKER.workerid.desc()).limit(limit + 1).subquery("page")
    pandaids = func.array_agg(aggregate_order_by(RELATION.pandaid, RELATION.pandaid))
    jobs = (
        select(pandaids.label("pandaids"))
        .where(RELATION.harvesterid == harvester, RELATION.workerid == page.c.workerid)
        .lateral("jobs")
    )
    rows = select(page, jobs.c.pandaids).join(jobs, true()).order_by(page.c.workerid.desc())
    found = [dict(row) for row in session.execute(rows).mappings()]
    for row in found:
        row["pandaids"] = row["pandaids"] or []
    following = found[limit - 1]["workerid"] if found[limit:] else None
    return WorkerPage([mask(row) for row in found[:limit]], following)


def commands(
    session: Transaction, harvester: str | None, *, status: str | None = None, limit: int = 100
) -> list[Row]:
    """Return commands, the newest first, with decoded and masked parameters.

    Raises:
        InvalidValue: A value does not fit its column, or `limit` is not from 1 to 100,000.
    """
    check_number("limit", limit, 1, MOST)
    check_columns(HarvesterCommands, {"harvester_id": harvester, "status": status})
    rows = select(HarvesterCommands.__table__).order_by(COMMAND.command_id.desc()).limit(limit)
    if harvester is not None:
        rows = rows.where(COMMAND.harvester_id == harvester)
    if status is not None:
        rows = rows.where(COMMAND.status == status)
    found = [dict(row) for row in session.execute(rows).mappings()]
    return [mask(row | {"params": mask_json(row["params"])}) for row in found]
