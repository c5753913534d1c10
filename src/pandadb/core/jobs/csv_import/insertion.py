"""Ended jobs put into the database as they are, with the task that they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    case,
    func,
    literal,
    select,
    text,
    update,
)

from pandadb.core.jobs.search import lookup
from pandadb.core.sql import sequences
from pandadb.core.sql.copy import copy_rows
from pandadb.core.sql.spool import in_batches
from pandadb.errors import PandaDBError
from pandadb.models import JediDatasets, JediTasks, JobsArchived4, JobsStatusLog
from pandadb.models.jobs.columns import JOBSDEFINED4_PANDAID_SEQ
from pandadb.models.schemas.deft import PRODSYS2_TASK_SEQ

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from pandadb.models.jobs.all_tables import JobTable

LOG_COLUMNS = ("pandaid", "modificationtime", "jobstatus", "computingsite", "modiftime_extended")

BATCH = 1000
"""Jobs that are held in memory at a time."""

LOCK_LOADING = text("SELECT pg_advisory_xact_lock(hashtext('pandadb loading'))")
"""One load at a time, so that two of the same records do not both find nothing there."""


class JobConflict(PandaDBError):
    """A PandaID that a job of another task has already."""

    def __init__(self, pandaid: int, place: str, task: int | None, jeditaskid: int) -> None:
        super().__init__(
            f"Job {pandaid} is in {place} already, as a job of task {task}: nothing is loaded into "
            f"task {jeditaskid}"
        )


def present(
    session: Session, pandaids: Sequence[int], jeditaskid: int, archive: Session | None = None
) -> set[int]:
    """Return those of the PandaIDs that jobs of the task have already, in whichever table.

    Those that this database lacks are looked for in `archive`, another one.

    Raises:
        JobConflict: A job of another task has one of them.
    """
    found = lookup.copies(session, pandaids, _looked_up, archive)
    for row in found:
        if row.jeditaskid != jeditaskid:
            raise JobConflict(row.pandaid, row.place, row.jeditaskid, jeditaskid)
    return {row.pandaid for row in found}


def _looked_up(job: JobTable) -> Select[*tuple[Any, ...]]:
    return select(job.pandaid, job.jeditaskid, literal(job.__tablename__).label("place"))


def has_task(session: Session, jeditaskid: int) -> bool:
    """Return whether the task is there."""
    return session.get(JediTasks, jeditaskid) is not None


@dataclass
class Tally:
    """The additions of jobs to the counters of their task and dataset: an input file each."""

    jobs: int = 0
    finished: int = 0
    nevents: int = 0
    nevents_finished: int = 0
    started: datetime = datetime(9999, 12, 31)
    ended: datetime = datetime(1, 1, 1)

    def over(self, jobs: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Count the jobs that go through."""
        for job in jobs:
            nevents = int(job.get("nevents") or 0)
            self.jobs += 1
            self.nevents += nevents
            if job["jobstatus"] == "finished":
                self.finished += 1
                self.nevents_finished += nevents
            self.started = min(self.started, job["creationtime"])
            self.ended = max(self.ended, job["endtime"])
            yield job


def make_task(session: Session, jeditaskid: int, tally: Tally) -> None:
    """Make the ended task of jobs with its dataset, if it is not there; count a file per job.

    The counters of other datasets are left alone.
    """
    name = f"records.{jeditaskid}"
    times = {"starttime": tally.started, "endtime": tally.ended, "statechangetime": tally.ended}
    if not has_task(session, jeditaskid):
        common = {"jeditaskid": jeditaskid, "modificationtime": tally.ended}
        task = JediTasks(
            taskname=name,
            status="done",
            username="records",
            creationdate=tally.started,
            attemptnr=1,
            **times,
            **common,
        )
        dataset = JediDatasets(
            datasetname=name, type="input", status="done", creationtime=tally.started, **common
        )
        session.add_all((task, dataset))
        session.flush()
    status = _count(session, jeditaskid, name, tally)
    if status:
        session.execute(
            update(JediTasks)
            .where(
                JediTasks.jeditaskid == jeditaskid,
                JediTasks.taskname == name,
                JediTasks.status.in_(ENDED_TASKS),
            )
            .values(
                status=status,
                starttime=func.least(JediTasks.starttime, tally.started),
                endtime=func.greatest(JediTasks.endtime, tally.ended),
            )
        )


ENDED_TASKS = ("done", "finished", "failed")
"""States of a task and its datasets: all of the files succeeded, some, none (semantics 3.5)."""


def _count(session: Session, jeditaskid: int, name: str, tally: Tally) -> str | None:
    """Count the files of jobs in our dataset; return the state it is in, None without one."""
    more = {
        **dict.fromkeys(("nfiles", "nfilestobeused", "nfilesused"), tally.jobs),
        "nfilesfinished": tally.finished,
        "nfilesfailed": tally.jobs - tally.finished,
        **dict.fromkeys(("nevents", "neventstobeused"), tally.nevents),
        "neventsused": tally.nevents_finished,
    }
    columns = JediDatasets.__table__.columns
    sums = {counter: func.coalesce(columns[counter], 0) + n for counter, n in more.items()}
    all_of_them, some, none = ENDED_TASKS
    status = case(
        (sums["nfilesfinished"] == sums["nfiles"], all_of_them),
        (sums["nfilesfinished"] == 0, none),
        else_=some,
    )
    return session.scalar(
        update(JediDatasets)
        .where(JediDatasets.jeditaskid == jeditaskid, JediDatasets.datasetname == name)
        .values(**sums, status=status)
        .returning(JediDatasets.status)
    )


def copy_jobs(session: Session, jobs: Iterable[dict[str, Any]]) -> Iterator[int]:
    """Copy ended jobs into JOBSARCHIVED4, and the known moments of their life into the log.

    All of them name the same columns; the others take their defaults. Yields the number of jobs
    sent so far, now and then, for a progress bar.
    """
    sent = 0
    for batch in in_batches(jobs, BATCH):
        columns = list(batch[0])
        rows = ([job[name] for name in columns] for job in batch)
        copy_rows(session, JobsArchived4, columns, rows)
        copy_rows(session, JobsStatusLog, LOG_COLUMNS, (row for job in batch for row in _life(job)))
        sent += len(batch)
        yield sent


def _life(job: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Return the rows of the status log for a job of which only two or three moments are known."""
    moments = (
        ("defined", job["creationtime"]),
        ("running", job["starttime"]),
        (job["jobstatus"], job["endtime"]),
    )
    for status, when in moments:
        if when:
            yield (job["pandaid"], when, status, job.get("computingsite"), when)


def raise_sequences(session: Session, jeditaskid: int, pandaid: int) -> None:
    """Let the sequences of task and job ids go on above the ids that were loaded."""
    for sequence, highest in ((PRODSYS2_TASK_SEQ, jeditaskid), (JOBSDEFINED4_PANDAID_SEQ, pandaid)):
        sequences.raise_to(session, f"{sequence.schema}.{sequence.name}", highest)
