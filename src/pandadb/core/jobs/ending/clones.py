"""Clones: several jobs with the same input, of which one only is to count; semantics 2.13.

Clones are of one jobset. The semaphore is a range of events (JEDI_EVENTS) of the jobset: the clone
that takes one has it, with `sc:1` when it first runs, with `sc:2` when it has finished. The others
are closed, and their files are left to the one that has it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, exists, or_, select, union_all, update

from pandadb.core.events import changes, special_handling
from pandadb.core.events.changes import EventJob
from pandadb.core.events.special_handling import Flag
from pandadb.core.jobs.attempts import retry_history
from pandadb.core.jobs.effects import IS_CLONE
from pandadb.core.jobs.files.file_accounting import BEGIN
from pandadb.core.jobs.files.file_status import CLOSED_TASKS, INPUTS, KEY, OUTPUTS, same_file
from pandadb.core.jobs.mover import move
from pandadb.core.jobs.states import transitions
from pandadb.core.sql import id_arrays
from pandadb.models import (
    FilesTable4,
    JediDatasetContents,
    JediEvents,
    JediTasks,
    JobsActive4,
    JobsArchived4,
    JobsDefined4,
)
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, CompoundSelect, Select

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.effects import Columns

LOST_CLONE = 200
UNLOCKED = {
    "jobsubstatus": "jc_unlock",
    "taskbuffererrorcode": LOST_CLONE,
    "taskbuffererrordiag": "Another clone of the job has the semaphore",
}
"""The columns of a clone that is closed since another one has the semaphore."""

JOB, EVENT, FILE, CONTENTS, TASK = (
    model.__table__.c
    for model in (JobsActive4, JediEvents, FilesTable4, JediDatasetContents, JediTasks)
)


@dataclass
class CloneEnds:
    """Clones that are about to end."""

    winners: list[int] = field(default_factory=list)
    """Those that have the semaphore."""
    lasts: list[int] = field(default_factory=list)
    """Those that end as other jobs, without it: nobody else is left."""
    others: list[int] = field(default_factory=list)
    """Those that end as other jobs, since their task has ended."""
    losers: list[int] = field(default_factory=list)
    """Those that are closed."""


def decide(session: Transaction, pandaids: Sequence[int]) -> CloneEnds:
    """Return which of the jobs are clones, and how each is to end; locks them."""
    found = CloneEnds()
    for row in session.execute(_judged(), {"pandaids": [*pandaids]}):
        if not row.is_open:
            found.others.append(row.pandaid)
        elif row.has_semaphore:
            found.winners.append(row.pandaid)
        elif row.has_siblings:
            found.losers.append(row.pandaid)
        else:
            found.lasts.append(row.pandaid)
    return found


@cache
def _judged() -> Select[Any]:
    has_siblings = or_(*(_siblings(table) for table in (JobsActive4, JobsDefined4)))
    return (
        select(
            JOB.pandaid,
            has_semaphore().label("has_semaphore"),
            has_siblings.label("has_siblings"),
            _is_open(JOB).label("is_open"),
        )
        .where(id_arrays.is_given(JOB.pandaid), IS_CLONE.of(JOB))
        .order_by(JOB.pandaid)
        .with_for_update(of=JobsActive4.__table__)
    )


def _is_open(job: Columns) -> ColumnElement[bool]:
    """Return whether the task of a job counts its end."""
    return exists().where(TASK.jeditaskid == job["jeditaskid"], TASK.status.not_in(CLOSED_TASKS))


def has_semaphore() -> ColumnElement[bool]:
    """Return whether a job of JOBSACTIVE4 has a range of events."""
    return exists().where(EVENT.jeditaskid == JOB.jeditaskid, EVENT.pandaid == JOB.pandaid)


def _siblings(table: type[JobsActive4 | JobsDefined4]) -> ColumnElement[bool]:
    """Return whether a clone has siblings that live, and do not end before it in the same call."""
    other = table.__table__.alias("sibling").c
    return exists().where(
        other.jeditaskid == JOB.jeditaskid,
        other.jobsetid == JOB.jobsetid,
        other.pandaid != JOB.pandaid,
        or_(~id_arrays.is_given(other.pandaid), other.pandaid > JOB.pandaid),
    )


def win(session: Transaction, pandaids: Sequence[int]) -> None:
    """Give the files of a task to the clones that count, before they end."""
    if pandaids:
        follows = session.execute(_won(JobsActive4), {"pandaids": [*pandaids]}).all()
        retry_history.note(session, [row[:3] for row in follows], "jobset_id")


def be_killed(session: Transaction, pandaids: Sequence[int]) -> None:
    """Give the files of a task to clones that have just been killed; their semaphore is gone.

    To be called before the files are accounted for.
    """
    ended = session.execute(_won(JobsArchived4), {"pandaids": [*pandaids]}).all()
    retry_history.note(session, [row[:3] for row in ended], "jobset_id")
    dropped = (row for row in ended if not special_handling.has(row[3], Flag.KEEPS_EVENTS))
    changes.of_jobs(session, "cancel", [EventJob(row[0], row[1]) for row in dropped])


@cache
def _won(table: type[JobsActive4 | JobsArchived4]) -> Select[Any]:
    job = table.__table__.c
    lives = table is JobsActive4
    here = FILE.modificationtime == EPOCH if lives else FILE.modificationtime >= BEGIN
    files = (
        select(
            *(CONTENTS[name] for name in KEY), FILE.pandaid, FILE.type.in_(OUTPUTS).label("made")
        )
        .join(CONTENTS.fileid.table, same_file(CONTENTS, FILE))
        .where(
            id_arrays.is_given(FILE.pandaid),
            here,
            FILE.type.in_((*INPUTS, *OUTPUTS)),
            CONTENTS.keeptrack == 1,
            CONTENTS.attemptnr == FILE.attemptnr,
            CONTENTS.status != "cancelled",
        )
        .order_by(*(CONTENTS[name] for name in KEY))
        .with_for_update(of=JediDatasetContents.__table__)
        .cte("files")
    )
    owned = (
        update(JediDatasetContents.__table__)
        .where(same_file(CONTENTS, files.c))
        .values(
            pandaid=files.c.pandaid,
            outpandaid=case((files.c.made, files.c.pandaid), else_=CONTENTS.outpandaid),
        )
        .cte("owned")
    )
    return (
        select(job.jeditaskid, job.jobsetid, job.pandaid, job.specialhandling)
        .where(id_arrays.is_given(job.pandaid), job.jobsetid.is_not(None), _is_open(job))
        .order_by(job.pandaid)
        .add_cte(owned)
    )


def close(
    session: Transaction,
    pandaids: Sequence[int],
    host: str,
    values: Mapping[str, Any] | None = None,
) -> dict[int, str]:
    """Close clones without the semaphore; files of their task are not theirs, and stay."""
    if not pandaids:
        return {}
    steps = [*transitions("close"), *transitions("close hard")]
    moved, _ = move(
        session, steps, sorted(pandaids), host=host, values={**(values or {}), **UNLOCKED}
    )
    return moved.jobs


def siblings(
    session: Transaction, pandaids: Sequence[int], states: Sequence[str] | None = None
) -> list[int]:
    """Return the other clones of the jobsets of these jobs that live, in some states or all."""
    given: dict[str, Any] = {"pandaids": [*pandaids]}
    return [*session.scalars(_others(None if states is None else tuple(states)), given)]


@cache
def _others(states: tuple[str, ...] | None) -> CompoundSelect[Any]:
    """Select from the jobs wherever they are now: they may just have ended."""
    mine = select(FILE.jeditaskid, FILE.datasetid, FILE.fileid, FILE.attemptnr, FILE.pandaid).where(
        id_arrays.is_given(FILE.pandaid), FILE.type.in_(INPUTS), FILE.fileid.is_not(None)
    )
    shared = mine.cte("mine")
    other = FilesTable4.__table__.alias("other").c
    parts = []
    for table in (JobsActive4, JobsDefined4):
        job = table.__table__.c
        part = (
            select(job.pandaid)
            .join(other.pandaid.table, other.pandaid == job.pandaid)
            .join(shared, and_(same_file(other, shared.c), other.attemptnr == shared.c.attemptnr))
            .where(
                other.modificationtime == EPOCH,
                other.pandaid != shared.c.pandaid,
                ~id_arrays.is_given(job.pandaid),
                IS_CLONE.of(job),
            )
        )
        parts.append(part if states is None else part.where(job.jobstatus.in_(states)))
    return union_all(*parts)
