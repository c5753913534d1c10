"""Job sets and tasks summed up as PanDA's notifications do: jobs by state, datasets, times.

Each job counts by its newest attempt, in whichever table it is. A finished job with an input file
that was skipped has succeeded in part.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, exists, func, select, union_all

from pandadb.core.datasets.dataset_types import INPUTS
from pandadb.core.jobs import states
from pandadb.core.notifications import targets
from pandadb.core.sql.expressions import constant, constants
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.tasks.states import ATTEMPT_ENDS
from pandadb.models import (
    FilesTable4,
    FilesTableArch,
    JediDatasets,
    JediTaskParams,
    JobParamsTable,
    JobParamsTableArch,
)
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pandadb.core.notifications.targets import Chosen, Target
    from pandadb.core.sql.transaction import Transaction

DATASET, PARAMS = JediDatasets.__table__.c, JediTaskParams.__table__.c
FILES = (FilesTable4, FilesTableArch)
FLOW = "flow"
"""The state of tasks that are flows of the job queue: they end with their jobs."""
SKIPPED = "skipped"
CANCELLED = ("cancelled", "closed")
JOB_COLUMNS = (
    "jobstatus", "creationtime", "starttime", "endtime", "modificationtime", "computingsite",
    "jobdefinitionid", "jobsetid", "prodsourcelabel", "produsername", "modificationhost",
)  # fmt: skip


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
        found |= _details(session, chosen, found["succeeded"])
    return JobSummary(**found)


def is_ended(chosen: Chosen, counts: JobCounts) -> bool:
    """Return whether a target has ended: all its jobs, and the tasks that may make others."""
    if counts.live:
        return False
    tasks = [task for task in chosen.tasks if task.status != FLOW]
    if any(task.status not in ATTEMPT_ENDS for task in tasks):
        return False
    return bool(counts.number or tasks)


def _count(session: Transaction, chosen: Chosen) -> JobCounts:
    job = targets.newest(chosen, JOB_COLUMNS).c
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
    is_flow = task.status == FLOW
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


def _details(session: Transaction, chosen: Chosen, finished: int) -> dict[str, Any]:
    """Return the values that only the summary of an ended target has."""
    job = targets.newest(chosen, JOB_COLUMNS).c
    rows = session.execute(
        select(job.jobdefinitionid, job.computingsite)
        .distinct()
        .where(job.computingsite.is_not(None))
        .order_by(job.jobdefinitionid, job.computingsite)
    ).all()
    partial = _partial(session, chosen)
    datasets = _datasets(session, chosen)
    details: dict[str, Any] = {
        "succeeded": finished - partial,
        "partial": partial,
        "sites": tuple(sorted({site for _, site in rows})),
        "job_sites": tuple((number or 0, site) for number, site in rows),
        "inputs": datasets.get("input", ()),
        "outputs": datasets.get("output", ()),
        "logs": datasets.get("log", ()),
        "parameters": _parameters(session, chosen),
        **_inputs(session, chosen),
    }
    if not chosen.tasks:
        owner = session.execute(
            select(job.produsername, job.prodsourcelabel).order_by(job.pandaid).limit(1)
        ).one()
        details |= {"username": owner.produsername, "prodsourcelabel": owner.prodsourcelabel}
    return details


def _partial(session: Transaction, chosen: Chosen) -> int:
    """Return how many finished jobs had an input file that was skipped."""
    job = targets.newest(chosen, JOB_COLUMNS).c
    skipped = [
        exists().where(
            file.__table__.c.pandaid == job.pandaid,
            file.__table__.c.type == constant("input"),
            file.__table__.c.status == constant(SKIPPED),
        )
        for file in FILES
    ]
    number = select(func.count()).where(
        job.jobstatus == constant("finished"), skipped[0] | skipped[1]
    )
    return int(session.execute(number).scalar_one())


def _datasets(session: Transaction, chosen: Chosen) -> dict[str, tuple[str, ...]]:
    """Return the datasets of the files of the jobs, by the type of file."""
    job = targets.newest(chosen, ("jobstatus",)).c
    rows = [
        select(file.__table__.c.type, file.__table__.c.dataset)
        .join_from(job.pandaid.table, file.__table__, file.__table__.c.pandaid == job.pandaid)
        .where(
            file.__table__.c.type.in_(constants(("input", "output", "log"))),
            file.__table__.c.dataset.is_not(None),
        )
        for file in FILES
    ]
    every = union_all(*rows).subquery("every").c
    query = select(every.type, every.dataset).distinct().order_by(every.type, every.dataset)
    found: dict[str, tuple[str, ...]] = {}
    for kind, dataset in session.execute(query):
        found[kind] = (*found.get(kind, ()), dataset)
    return found


def _inputs(session: Transaction, chosen: Chosen) -> dict[str, int]:
    """Return the numbers of input files of JEDI's tasks: all, processed, failed."""
    tasks = [task.jeditaskid for task in chosen.tasks if task.status != FLOW]
    if not tasks:
        return {}
    counts = (DATASET.nfiles, DATASET.nfilesfinished, DATASET.nfilesfailed)
    row = session.execute(
        select(*(func.coalesce(func.sum(count), 0) for count in counts)).where(
            is_among(DATASET.jeditaskid, tasks),
            DATASET.type.in_(constants(INPUTS)),
            DATASET.masterid.is_(None),
        )
    ).one()
    names = ("ninputs", "ninputs_succeeded", "ninputs_failed")
    return {name: int(value) for name, value in zip(names, row, strict=True)}


def _parameters(session: Transaction, chosen: Chosen) -> str:
    """Return the parameters as the user gave them: of the task, else of the first job with some."""
    tasks = [task.jeditaskid for task in chosen.tasks]
    given = select(PARAMS.taskparams).where(is_among(PARAMS.jeditaskid, tasks)).limit(1)
    text = session.execute(given).scalar() if tasks else None
    if text and (words := _command(text)):
        return words
    job = targets.newest(chosen, ("jobstatus",)).c
    rows = [
        select(table.__table__.c.pandaid, table.__table__.c.jobparameters).join_from(
            job.pandaid.table, table.__table__, table.__table__.c.pandaid == job.pandaid
        )
        for table in (JobParamsTable, JobParamsTableArch)
    ]
    every = union_all(*rows).subquery("every").c
    first = select(every.jobparameters).order_by(every.pandaid).limit(1)
    return _in_line(session.execute(first).scalar() or "")


def _command(taskparams: str) -> str:
    """Return the command line of the client, if the parameters of a task have it."""
    try:
        found = json.loads(taskparams)
    except ValueError:
        return ""
    words = found.get("cliParams") if isinstance(found, dict) else None
    return _in_line(words) if isinstance(words, str) else ""


def _in_line(text: str) -> str:
    return " ".join(text.split())
