"""Stops: jobs of a flow are closed that no worker has and no user has paused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import not_, select

from pandadb.core.control import dependencies, locks
from pandadb.core.jobs import advances
from pandadb.core.jobs.refusals import refusing_to_wait
from pandadb.core.jobs.search import lookup
from pandadb.core.queue.flows import flow_rows
from pandadb.core.sql.expressions import constants
from pandadb.core.sql.id_arrays import is_among
from pandadb.models import JobControl, JobDependency, JobsActive4, JobsDefined4
from pandadb.models.views import FlowJobs, Flows

if TYPE_CHECKING:
    from collections.abc import Collection

    from pandadb.core.sql.transaction import Transaction

MEMBER, FLOW = FlowJobs.__table__.c, Flows.__table__.c
CONTROL, EDGE = JobControl.__table__.c, JobDependency.__table__.c
STOPPABLE = ("pending", "activated", "throttled")


def members(session: Transaction, flow: int) -> list[int]:
    """Return the jobs of a flow, each in its newest attempt."""
    found = select(MEMBER.pandaid).where(MEMBER.jeditaskid == flow)
    return [*session.scalars(found.order_by(MEMBER.pandaid))]


def stop(session: Transaction, flow: int, *, host: str) -> dict[int, str]:
    """Close the waiting and ready jobs of a locked flow; return all that end.

    Until the flow is resumed, jobs that are added to it do not run. A completed flow stays so.

    Raises:
        JobsLocked: See `mover.move`.
    """
    state = session.execute(select(FLOW.state).where(FLOW.jeditaskid == flow)).scalar_one()
    if state != "completed":
        flow_rows.note_stop(session, flow, stopped=True)
    return close(session, members(session, flow), host=host)


def stop_children(session: Transaction, parents: Collection[int], *, host: str) -> dict[int, str]:
    """Close the waiting and ready children of jobs, of one level; return all that end.

    Raises:
        JobsLocked: See `mover.move`.
    """
    children = select(EDGE.child).where(is_among(EDGE.parent, parents))
    return close(session, [*session.scalars(children)], host=host)


def lock_flows(session: Transaction, jobs: Collection[int]) -> None:
    """Lock the flows of jobs, and before them nothing.

    Raises:
        FlowLocked: Another transaction has locked one of them for longer than the lock timeout.
    """
    found = lookup.rows(session, jobs, lambda job: select(job.pandaid, job.jeditaskid))
    flow_rows.lock(session, {row.jeditaskid for row in found.values() if row.jeditaskid})


def close(session: Transaction, jobs: Collection[int], *, host: str) -> dict[int, str]:
    """Close those of some jobs that wait or are ready; return them, and those that end with them.

    No child begins by that: one that may miss them waits until they have been resumed, too.

    Raises:
        JobsLocked: See `mover.move`.
    """
    locks.lock(session, jobs)
    with refusing_to_wait():
        chosen = _waiting(session, jobs)
    if not chosen:
        return {}
    dependencies.note_stops(session, chosen)
    moved = advances.advance(session, "close", chosen, host=host)
    return moved.jobs | moved.merged


def _waiting(session: Transaction, jobs: Collection[int]) -> list[int]:
    """Lock those of the jobs that wait or are ready, so that no worker takes them; return them."""
    found: list[int] = []
    for table in (JobsDefined4, JobsActive4):
        job = table.__table__.c
        rows = (
            select(job.pandaid)
            .join(CONTROL.pandaid.table, CONTROL.pandaid == job.pandaid)
            .where(
                is_among(job.pandaid, jobs),
                job.jobstatus.in_(constants(STOPPABLE)),
                not_(CONTROL.held),
                not_(CONTROL.suspended),
            )
            .order_by(job.pandaid)
            .with_for_update(of=table.__table__)
        )
        found += session.scalars(rows)
    return sorted(found)
