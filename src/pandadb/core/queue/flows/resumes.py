"""Flows that go on after a stop or a pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from pandadb.core.jobs.refusals import JobsLocked, RefusalReason
from pandadb.core.queue.flows import flow_rows
from pandadb.core.queue.flows.flow_rows import FlowNotAllowed
from pandadb.core.queue.verbs import holds
from pandadb.models.views import FlowJobs, Flows

if TYPE_CHECKING:
    from pandadb.core.sql.transaction import Transaction

MEMBER, FLOW = FlowJobs.__table__.c, Flows.__table__.c
RESUMABLE = ("stopped", "paused")
"""States of flows that may be resumed, and of the jobs that go on then."""
ENDED = ("completed", "failed")
"""States in which a flow is not resumed though it was stopped: its failed jobs are rerun first."""


def resume(session: Transaction, flow: int, *, host: str) -> dict[int, str]:
    """Resume the paused and stopped jobs of a flow, all or none; return them with their states.

    Raises:
        FlowNotFound: There is no such flow.
        FlowNotAllowed: The flow is neither stopped nor paused, or a job cannot go on.
        FlowLocked, JobsLocked: The flow or a job was locked for longer than the lock timeout.
    """
    row = flow_rows.lock_one(session, flow)
    state = session.execute(select(FLOW.state).where(FLOW.jeditaskid == flow)).scalar_one()
    if state not in RESUMABLE and (state in ENDED or not row.is_stopped):
        raise FlowNotAllowed(
            f"Flow {flow} is {state}: only a stopped or paused flow can be resumed;"
            " resume or rerun its jobs"
        )
    flow_rows.note_stop(session, flow, stopped=False)
    chosen = select(MEMBER.pandaid).where(MEMBER.jeditaskid == flow, MEMBER.state.in_(RESUMABLE))
    done = holds.resume(session, [*session.scalars(chosen)], host=host)
    for refusal in done.refused.values():
        if refusal.reason is RefusalReason.LOCKED:
            raise JobsLocked(refusal.sentence)
        raise FlowNotAllowed(f"Flow {flow} cannot be resumed: {refusal.sentence}")
    return done.states
