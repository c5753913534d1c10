"""Job sets and tasks summed up as PanDA's notifications do: jobs by state, datasets, times.

Each job counts by its newest attempt, in whichever table it is. A finished job with an input file
that was skipped has succeeded in part.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, select

from pandadb.core.jobs import states
from pandadb.core.notifications import summary_details, targets
from pandadb.core.tasks.states import ATTEMPT_ENDS
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pandadb.core.notifications.targets import Chosen, Target
    from pandadb.core.sql.transaction import Transaction

CANCELLED = ("cancelled", "closed")
COLUMNS = ("jobstatus", "creationtime", "endtime", "modificationtime")


@dataclass(frozen=True)
class JobSummary:
    """The facts of a notification on a job set or a task; times are naive UTC."""

    jobsetid: int | None
    jeditaskid: int | None
    is_ended: bool
    status: str | None = None
    """The state of the task; None for a job set without one."""
    username: str | None = None
    prodsourcelabel: str | None = None
    jobs: int = 0
    succeeded: int = 0
    partial: int = 0
    failed: int = 0
    cancelled: int = 0
    ninputs: int | None = None
    """Files of the task's input; None for a job set without a task."""
    ninputs_succeeded: int = 0
    ninputs_failed: int = 0
    created: datetime | None = None
    ended: datetime | None = None
    sites: tuple[str, ...] = ()
    job_sites: tuple[tuple[int, str], ...] = ()
    """JOBDEFINITIONID (the JobID of old clients) and queue of each call of a submission."""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    parameters: str = ""
    errordialog: str = ""

    @property
    def is_of_task(self) -> bool:
        """Return whether it is a task of JEDI, and not asked for as a job set."""
        return self.jobsetid is None and self.status is not None

    @property
    def number(self) -> int | None:
        """Return the number of the job set, else of the task."""
        return self.jeditaskid if self.jobsetid is None else self.jobsetid

    @property
    def ninputs_cancelled(self) -> int:
        """Return how many files were neither processed nor failed."""
        return (self.ninputs or 0) - self.ninputs_succeeded - self.ninputs_failed


@dataclass(frozen=True)
class JobCounts:
    """The newest attempts of a target by state, and their times."""

    by_state: Mapping[str, int] = field(default_factory=dict)
    created: datetime | None = None
    ended: datetime | None = None

    @property
    def number(self) -> int:
        """Return the number of jobs."""
        return sum(self.by_state.values())

    @property
    def live(self) -> int:
        """Return how many have not ended."""
        return sum(n for state, n in self.by_state.items() if state not in states.FINAL)


def read(session: Transaction, target: Target) -> JobSummary | None:
    """Return the summary of a target; None if no table has a job or a task of it.

    Of one that has not ended the numbers of jobs are given, and nothing about their files.
    """
    chosen = targets.choose(session, target)
    counts = _count(session, chosen)
    if not (counts.number or chosen.tasks):
        return None
    ended = is_ended(chosen, counts)
    found = _summary(chosen, counts, ended=ended)
    if ended:
        found |= summary_details.read(session, chosen, found["succeeded"])
    return JobSummary(**found)


def is_ended(chosen: Chosen, counts: JobCounts) -> bool:
    """Return whether a target has ended: all its jobs, and the tasks that may make others."""
    if counts.live:
        return False
    tasks = [task for task in chosen.tasks if task.status != targets.FLOW]
    if any(task.status not in ATTEMPT_ENDS for task in tasks):
        return False
    return bool(counts.number or tasks)


def _count(session: Transaction, chosen: Chosen) -> JobCounts:
    job = targets.newest(chosen, COLUMNS).c
    ended = case((job.endtime > EPOCH, job.endtime), else_=job.modificationtime)
    rows = session.execute(
        select(job.jobstatus, func.count(), func.min(job.creationtime), func.max(ended))
        .group_by(job.jobstatus)
        .order_by(job.jobstatus)
    ).all()
    if not rows:
        return JobCounts()
    return JobCounts(
        {state: number for state, number, *_ in rows},
        min(row[2] for row in rows),
        max(row[3] for row in rows),
    )


def _summary(chosen: Chosen, counts: JobCounts, *, ended: bool) -> dict[str, Any]:
    task = chosen.tasks[-1] if chosen.tasks else None
    by_state = counts.by_state
    found: dict[str, Any] = {
        "jobsetid": chosen.target.jobsetid,
        "jeditaskid": chosen.target.jeditaskid,
        "is_ended": ended,
        "jobs": counts.number,
        "succeeded": by_state.get("finished", 0),
        "failed": by_state.get("failed", 0),
        "cancelled": sum(by_state.get(state, 0) for state in CANCELLED),
        "created": counts.created,
        "ended": counts.ended if ended else None,
    }
    if task is None:
        return found
    is_flow = task.status == targets.FLOW
    ends = [one for one in (task.endtime, counts.ended) if one is not None]
    return found | {
        "jeditaskid": task.jeditaskid,
        "jobsetid": chosen.target.jobsetid if task.reqid == chosen.target.jobsetid else None,
        "status": None if is_flow else task.status,
        "username": task.username,
        "prodsourcelabel": task.prodsourcelabel,
        "created": task.creationdate,
        "ended": max(ends) if ended and ends else None,
        "errordialog": task.errordialog or "",
    }
