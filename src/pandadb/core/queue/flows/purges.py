"""Flows that are deleted, with their jobs and all that belongs to these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, or_, select

from pandadb.core.control import locks
from pandadb.core.jobs.refusals import refusing_to_wait
from pandadb.core.queue import cancels, processes
from pandadb.core.queue.flows import flow_rows, stops
from pandadb.core.queue.flows.flow_rows import FlowNotAllowed
from pandadb.core.queue.verbs import deletions
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.transaction import Lock
from pandadb.models import (
    JediJobRetryHistory,
    JediTaskParams,
    JediTasks,
    JobDependency,
    JobsArchived4,
    TasksStatusLog,
)
from pandadb.models.jobs.all_tables import LIVE_TABLES
from pandadb.models.views import Flows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pandadb.core.sql.transaction import Transaction

FLOW, EDGE = Flows.__table__.c, JobDependency.__table__.c
OF_FLOW = (JediJobRetryHistory, JediTaskParams, TasksStatusLog, JediTasks)
"""Tables with rows of a flow by its number."""


def remove(
    session: Transaction,
    flows: Collection[int],
    *,
    host: str,
    cancels: bool = False,
    skips: bool = False,
) -> list[int]:
    """Delete flows with all their jobs; return those that are gone.

    With `cancels` jobs that have not ended are cancelled first, at once: their leases are lost.
    Rows of jobs that are in the archive stay there. With `skips` flows are left that others have
    locked, or a job of them, and those with jobs that have not ended and are not to be cancelled.

    Raises:
        FlowNotAllowed: A job of a flow has not ended, and is not to be cancelled.
        FlowLocked, JobsLocked: A flow or a job was locked for longer than the lock timeout.
    """
    how = Lock.SKIP if skips else Lock.WAIT
    members = _locked(session, flows, how)
    if not members:
        return []
    with refusing_to_wait():
        live = _live(session, members)
    if live and not cancels:
        if not skips:
            raise FlowNotAllowed(
                f"Job {min(live)} of a flow has not ended: cancel the flow, or stop it first"
            )
        members = {flow: jobs for flow, jobs in members.items() if flow not in live.values()}
    elif live:
        _cancel(session, sorted(live), host)
    _purge(session, members)
    return sorted(members)


def _locked(session: Transaction, flows: Collection[int], how: Lock) -> dict[int, list[int]]:
    """Lock flows and their jobs; return the jobs by flow, without what is skipped."""
    known = sorted(flow_rows.lock(session, flows, how))
    members = {flow: stops.members(session, flow) for flow in known}
    jobs = [job for mine in members.values() for job in mine]
    free = {*locks.lock(session, jobs, how)}
    return {flow: mine for flow, mine in members.items() if free.issuperset(mine)}


def _purge(session: Transaction, members: Mapping[int, Collection[int]]) -> None:
    """Delete the rows of flows and of their jobs that have ended."""
    known = [*members]
    jobs = {job for mine in members.values() for job in mine}
    everything = {*jobs, *_ended(session, known)}
    edges = delete(JobDependency.__table__)
    touching = or_(is_among(EDGE.parent, everything), is_among(EDGE.child, everything))
    session.execute(edges.where(touching))
    deletions.purge(session, everything)
    for model in OF_FLOW:
        table = model.__table__
        session.execute(delete(table).where(is_among(table.c.jeditaskid, known)))


def number(session: Transaction) -> int:
    """Return the number of flows."""
    return session.execute(select(func.count()).select_from(Flows.__table__)).scalar_one()


def every(session: Transaction) -> list[int]:
    """Return all flows."""
    return [*session.scalars(select(FLOW.jeditaskid).order_by(FLOW.jeditaskid))]


def _live(session: Transaction, flows: Collection[int]) -> dict[int, int]:
    """Return the jobs of flows that have not ended, locked, each with its flow."""
    found: dict[int, int] = {}
    for table in LIVE_TABLES:
        job = table.__table__.c
        rows = select(job.pandaid, job.jeditaskid).where(is_among(job.jeditaskid, flows))
        found |= dict(session.execute(rows.order_by(job.pandaid).with_for_update()).all())
    return found


def _cancel(session: Transaction, live: Sequence[int], host: str) -> None:
    """End jobs and the processes that they have; no other job goes on by it."""
    processes.cancel(session, live)
    cancels.kill_at_once(session, live, host=host)


def _ended(session: Transaction, flows: Collection[int]) -> list[int]:
    """Return the jobs of flows that have ended and are not archived, earlier attempts included."""
    job = JobsArchived4.__table__.c
    return [*session.scalars(select(job.pandaid).where(is_among(job.jeditaskid, flows)))]
