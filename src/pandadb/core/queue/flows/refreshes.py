"""Jobs of flows that could run and wait: a repair, since the end of a parent lets them go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from pandadb.core.control import dependencies, locks
from pandadb.core.jobs.dispatch import queued_jobs
from pandadb.core.queue.flows import flow_rows, stops
from pandadb.core.sql.id_arrays import is_among
from pandadb.models import JobsDefined4

if TYPE_CHECKING:
    from pandadb.core.sql.transaction import Transaction

JOB = JobsDefined4.__table__.c


def refresh(session: Transaction, flow: int, *, host: str) -> dict[int, str]:
    """Make those pending jobs of a flow ready that wait for nothing; return their states.

    Raises:
        FlowNotFound: There is no such flow.
        FlowLocked, JobsLocked: The flow or a job was locked for longer than the lock timeout.
    """
    flow_rows.lock_one(session, flow)
    members = stops.members(session, flow)
    locks.lock(session, members)
    pending = select(JOB.pandaid).where(is_among(JOB.pandaid, members), JOB.jobstatus == "pending")
    ready = dependencies.ready(session, [*session.scalars(pending)])
    return queued_jobs.go_on(session, ready, host=host)
