"""New flows: the row of the flow and its jobs; and jobs that users add to a flow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from pandadb.core.queue import submission
from pandadb.core.queue.flows import flow_rows, stops
from pandadb.core.queue.flows.graphs import named, with_defaults
from pandadb.core.sql.validation import InvalidValue
from pandadb.errors import InvalidInput
from pandadb.models.views import FlowJobs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.queue.flows.flow_rows import NewFlow
    from pandadb.core.queue.input.new_jobs import NewQueueJob
    from pandadb.core.queue.submission import Submitted
    from pandadb.core.sql.transaction import Transaction

MEMBER = FlowJobs.__table__.c


class ParentOutside(InvalidInput):
    """A job of a flow is to wait for a job outside of it, and the flow does not allow that."""


def submit(
    session: Transaction,
    flow: NewFlow | int,
    jobs: Sequence[NewQueueJob],
    host: str,
    *,
    wakes: bool = True,
) -> Submitted:
    """Submit jobs as a new flow, or add them to one, all or none.

    Jobs without a queue, a priority, resources or an execution configuration have those of the
    flow. In a flow that was stopped the new jobs are closed.

    Raises:
        FlowExists: The flow is to be the only one of its name, and there is one.
        FlowNotFound: There is no such flow.
        ParentOutside: A parent is no job of the flow, and the flow does not allow that.
        UnknownParent: A parent is neither a name of the flow nor a job.
        DependencyCycle: Jobs wait for each other.
        InvalidValue: A value does not fit its column, a name is there twice, or there is no job.
    """
    if not jobs:
        raise InvalidValue("A flow needs a job")
    if isinstance(flow, int):
        row = flow_rows.lock_one(session, flow)
        members = newest(session, flow)
    else:
        row = flow_rows.FlowRow(0, flow.name, is_stopped=False, parameters=vars(flow))
        members = {}
    given = [with_defaults(job, row.parameters) for job in named(jobs, members)]
    given = resolved(given, members)
    if not row.parameters.get("allows_outer_parents"):
        _check_parents(row.name, given, {*members.values()})
    number = flow_rows.create(session, flow) if not isinstance(flow, int) else flow
    done = submission.submit(session, given, host, jeditaskid=number, wakes=wakes)
    if isinstance(flow, int):
        flow_rows.touch(session, flow)
    if row.is_stopped:
        stops.close(session, done.made, host=host)
    return replace(done, jeditaskid=number)


def newest(session: Transaction, flow: int) -> dict[str, int]:
    """Return the jobs of a flow by name, each in its newest version."""
    rows = session.execute(
        select(MEMBER.name, MEMBER.pandaid)
        .where(MEMBER.jeditaskid == flow, MEMBER.name.is_not(None))
        .order_by(MEMBER.index_number, MEMBER.pandaid)
    )
    return dict(rows.all())


def resolved(jobs: Sequence[NewQueueJob], members: Mapping[str, int]) -> list[NewQueueJob]:
    """Return jobs with the PandaIDs of parents that are not among them, but in the flow already."""
    own = {job.name for job in jobs}

    def found(parent: str | int) -> str | int:
        if isinstance(parent, int) or parent in own:
            return parent
        return members.get(parent, parent)

    return [
        replace(job, parents=[found(parent) for parent in job.parents]) if job.parents else job
        for job in jobs
    ]


def _check_parents(flow: str, jobs: Sequence[NewQueueJob], members: set[int]) -> None:
    for job in jobs:
        for parent in job.parents:
            if isinstance(parent, int) and parent not in members:
                raise ParentOutside(
                    f"Job {job.name!r} waits for job {parent}, not of the flow {flow!r}:"
                    " such parents have to be allowed"
                )
