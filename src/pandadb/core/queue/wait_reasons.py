"""The reasons for which a job waits: its user, its time, its parents, its group, its queue."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from pandadb.core.control.dependencies import is_open
from pandadb.core.datasets.dataset_types import INPUTS
from pandadb.core.jobs.search import lookup
from pandadb.core.jobs.search.job_filters.control_criteria import NOT_DISPATCHED
from pandadb.core.jobs.states import STATES, WAITING
from pandadb.core.queue.upkeep import summaries
from pandadb.core.queue.verbs.standings import MEANINGS, S, Standing, standing
from pandadb.core.sql.expressions import now
from pandadb.models import (
    FilesTable4,
    JediTasks,
    JobControl,
    JobControlArch,
    JobDependency,
    JobGroupMember,
    JobLease,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import JobTable

EDGE, LEASE, MEMBER, FILE, TASK = (
    model.__table__.c for model in (JobDependency, JobLease, JobGroupMember, FilesTable4, JediTasks)
)
READY_FILE = "ready"
HELD_TASKS = ("paused", "throttled", "exhausted")
"""States of tasks whose jobs are held back."""
MOMENT = "%Y-%m-%d %H:%M:%S"
PARENTS_NAMED = 10
"""Parents with a sentence each; the others are counted."""


@dataclass(frozen=True)
class JobWait:
    """The state of a job as its user sees it, and the reasons for which it is not at work."""

    pandaid: int
    state: str
    meaning: str
    reasons: list[str] = field(default_factory=list)
    """A sentence each; none if the job has ended."""
    standing: Standing | None = None
    """None for a job that is not of a job queue, or that is archived."""
    control: dict[str, Any] | None = None
    """Its columns in JOB_CONTROL, live or archived; None if it is not of a job queue."""


def explain(session: Transaction, job: Mapping[str, Any]) -> JobWait:
    """Return why a job is not at work yet.

    Of a job of PanDA the reasons are its inputs and its task; brokerage is PanDA's.
    """
    pandaid, jobstatus = job["pandaid"], job["jobstatus"]
    control = _control(session, JobControl, pandaid)
    if control is None:
        meaning = STATES[jobstatus].meaning if jobstatus in STATES else jobstatus
        archived = _control(session, JobControlArch, pandaid)
        if archived is not None:
            archived.pop("now")
        foreign = [*_of_panda(session, job)] if jobstatus in NOT_DISPATCHED else []
        return JobWait(pandaid, jobstatus, meaning, foreign, control=archived)
    marks = {"held": control["held"], "suspended": control["suspended"]}
    state = standing(jobstatus, job["jobsubstatus"], **marks)
    final = jobstatus in STATES and STATES[jobstatus].final
    reasons = [] if final else [*_reasons(session, control, state)]
    control.pop("now")
    return JobWait(pandaid, str(state), MEANINGS[state], reasons, state, control)


def _control(session: Transaction, table: Any, pandaid: int) -> dict[str, Any] | None:
    query = select(table.__table__, now().label("now")).where(table.pandaid == pandaid)
    row = session.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


def _reasons(session: Transaction, control: dict[str, Any], state: Standing) -> Iterator[str]:
    if control["suspended"]:
        yield f"A step has failed for good: {control['step_error'] or 'without a text'}. Retry it."
    if control["held"]:
        yield "A user has paused it: resume it."
    due = control["run_after"]
    if due is not None and due > control["now"]:
        yield f"It does not go on before {due:{MOMENT}} UTC."
    yield from _parents(session, control["pandaid"])
    if state is S.THROTTLED:
        yield from _group(session, control)
    if state is S.READY:
        yield from _queue(session, control["queue"])
    yield from _lease(session, control)


def _of_panda(session: Transaction, job: Mapping[str, Any]) -> Iterator[str]:
    """Yield why a job that is not of a job queue is not dispatched."""
    query = select(func.count(), func.count().filter(FILE.status != READY_FILE)).where(
        FILE.pandaid == job["pandaid"], FILE.type.in_(INPUTS)
    )
    number, missing = session.execute(query).one()
    if missing and job["jobstatus"] in WAITING:
        yield f"{missing:,} of its {number:,} input files are not ready."
    task = select(TASK.status).where(TASK.jeditaskid == job["jeditaskid"])
    if (status := session.scalar(task)) in HELD_TASKS:
        yield f"Its task {job['jeditaskid']} is {status}."


def _parents(session: Transaction, pandaid: int) -> Iterator[str]:
    """Yield a sentence for each parent that keeps the job waiting."""
    edges = select(EDGE.parent, EDGE.parent_state, EDGE.on_failure).where(
        EDGE.child == pandaid, is_open()
    )
    rows = session.execute(edges.order_by(EDGE.parent)).all()
    known = lookup.rows(session, [row.parent for row in rows[:PARENTS_NAMED]], _state_of)
    for row in rows[:PARENTS_NAMED]:
        job = known.get(row.parent)
        state = row.parent_state or (job.jobstatus if job else "gone")
        ended = "; it waits until that job is run again" if row.parent_state else ""
        yield f"Its parent {row.parent} is {state}{ended}."
    if len(rows) > PARENTS_NAMED:
        yield f"{len(rows) - PARENTS_NAMED:,} more parents have not ended."


def _state_of(job: JobTable) -> Select[*tuple[Any, ...]]:
    return select(job.pandaid, job.jobstatus)


def _group(session: Transaction, control: dict[str, Any]) -> Iterator[str]:
    """Yield the place of the job in its group."""
    if (group := control["group_key"]) is None:
        return
    own = select(MEMBER.priority).where(MEMBER.pandaid == control["pandaid"]).scalar_subquery()
    before = (
        select(func.count())
        .select_from(JobGroupMember.__table__)
        .where(
            MEMBER.group_key == group,
            MEMBER.admitted.is_(False),
            (MEMBER.priority > own)
            | ((MEMBER.priority == own) & (MEMBER.pandaid < control["pandaid"])),
        )
    )
    place = int(session.scalar(before) or 0) + 1
    for one in summaries.group_states(session, group):
        yield (
            f"Its group {group} is full: {one.admitted:,} of {one.max_running:,} places are taken,"
            f" and it is number {place:,} of {one.waiting:,} that wait."
        )


def _queue(session: Transaction, queue: str) -> Iterator[str]:
    workers, slots = summaries.workers_of(session, queue)
    if workers:
        yield f"It is free for the {workers:,} workers of queue {queue}, with {slots:,} slots."
    else:
        yield f"Queue {queue} has no worker: pandadb worker run --queue {queue}"


def _lease(session: Transaction, control: dict[str, Any]) -> Iterator[str]:
    """Yield who has the job, and whether a payload was asked to end."""
    row = session.execute(
        select(LEASE.owner, LEASE.until).where(LEASE.pandaid == control["pandaid"])
    ).one_or_none()
    if row is not None:
        over = row.until < control["now"]
        verb = "has expired at" if over else "lasts until"
        yield f"Worker {row.owner} has it; its lease {verb} {row.until:{MOMENT}} UTC."
    if control["step_attempts"] and not control["suspended"]:
        yield f"Its step has failed {control['step_attempts']} times: {control['step_error']}"
    asked: datetime | None = control["cancel_requested_at"]
    if asked is not None:
        yield f"Its worker was asked at {asked:{MOMENT}} UTC to end the payload."
