"""Finished jobs put into the database as they are, with the task that they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, BigInteger, bindparam, func, literal, select, text, union_all, update

from pandadb.core.copying import copy_into, schema_of
from pandadb.core.tables import JOB_TABLES
from pandadb.errors import PandaDBError
from pandadb.models import JediDatasets, JediTasks, JobsArchived4, JobsStatusLog
from pandadb.models.deft import PRODSYS2_TASK_SEQ
from pandadb.models.jobs.columns import JOBSDEFINED4_PANDAID_SEQ

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Sequence as DatabaseSequence
    from sqlalchemy.orm import Session


LOG_COLUMNS = ("pandaid", "modificationtime", "jobstatus", "computingsite", "modiftime_extended")

LOADING = text("SELECT pg_advisory_xact_lock(hashtext('pandadb loading'))")
"""One load at a time, so that two of the same records do not both find nothing there."""


class JobConflict(PandaDBError):
    """A PandaID that a job of another task has already."""


def present(session: Session, pandaids: Sequence[int], jeditaskid: int) -> set[int]:
    """Return those of the PandaIDs that jobs of the task have already, in whichever table.

    Raises:
        JobConflict: A job of another task has one of them.
    """
    array = bindparam("pandaids", [*pandaids], type_=ARRAY(BigInteger))
    tables = [
        select(job.pandaid, job.jeditaskid, literal(job.__tablename__).label("place")).where(
            job.pandaid == func.any(array)
        )
        for job in JOB_TABLES
    ]
    found = session.execute(union_all(*tables)).all()
    for pandaid, owner, place in found:
        if owner != jeditaskid:
            raise JobConflict(
                f"Job {pandaid} is in {place} already, as a job of task {owner}: nothing is "
                f"loaded into task {jeditaskid}"
            )
    return {pandaid for pandaid, _, _ in found}


def has_task(session: Session, jeditaskid: int) -> bool:
    """Tell whether the task is there."""
    return session.get(JediTasks, jeditaskid) is not None


def make_task(session: Session, jeditaskid: int, jobs: Sequence[dict[str, Any]]) -> None:
    """Make the finished task of jobs with its dataset, if it is not there; count a file per job.

    The counters of a dataset that somebody else has made are left alone.
    """
    name = f"records.{jeditaskid}"
    started = min(job["creationtime"] for job in jobs)
    ended = max(job["endtime"] for job in jobs)
    if not has_task(session, jeditaskid):
        session.add(
            JediTasks(
                jeditaskid=jeditaskid,
                taskname=name,
                status="finished",
                username="records",
                creationdate=started,
                starttime=started,
                endtime=ended,
                modificationtime=ended,
                statechangetime=ended,
                attemptnr=1,
            )
        )
        session.add(
            JediDatasets(
                jeditaskid=jeditaskid,
                datasetname=name,
                type="input",
                status="finished",
                creationtime=started,
                modificationtime=ended,
            )
        )
        session.flush()
    nevents = sum(int(job.get("nevents") or 0) for job in jobs)
    more = {
        **dict.fromkeys(("nfiles", "nfilestobeused", "nfilesused", "nfilesfinished"), len(jobs)),
        **dict.fromkeys(("nevents", "neventstobeused", "neventsused"), nevents),
    }
    columns = JediDatasets.__table__.columns
    session.execute(
        update(JediDatasets)
        .where(JediDatasets.jeditaskid == jeditaskid, JediDatasets.datasetname == name)
        .values({counter: func.coalesce(columns[counter], 0) + n for counter, n in more.items()})
    )


def copy_jobs(session: Session, jobs: Iterable[dict[str, Any]]) -> Iterator[int]:
    """Copy finished jobs into JOBSARCHIVED4, and what is known of their life into the log.

    All of them name the same columns; the others take their defaults. Yields the number of jobs
    sent so far, now and then, for those who show progress.
    """
    jobs = list(jobs)
    columns = list(jobs[0])
    with copy_into(session, JobsArchived4, columns) as copy:
        for sent, job in enumerate(jobs, start=1):
            copy.write_row([job[name] for name in columns])
            if sent % 100 == 0:
                yield sent
    with copy_into(session, JobsStatusLog, LOG_COLUMNS) as copy:
        for job in jobs:
            for row in _life(job):
                copy.write_row(row)
    yield len(jobs)


def _life(job: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Return what the status log says of a job of which only three moments are known."""
    moments = (
        ("defined", job["creationtime"]),
        ("running", job["starttime"]),
        (job["jobstatus"], job["endtime"]),
    )
    for status, when in moments:
        yield (job["pandaid"], when, status, job.get("computingsite"), when)


def raise_sequences(session: Session, jeditaskid: int, pandaid: int) -> None:
    """Let the sequences of task and job ids go on above the ids that were loaded."""
    for sequence, highest in ((PRODSYS2_TASK_SEQ, jeditaskid), (JOBSDEFINED4_PANDAID_SEQ, pandaid)):
        _raise(session, sequence, highest)


def _raise(session: Session, sequence: DatabaseSequence, highest: int) -> None:
    schema = schema_of(session, sequence.schema)
    session.execute(
        text(
            r"SELECT setval(format('%I.%I', schemaname, sequencename)\:\:regclass, :highest)"
            "  FROM pg_sequences WHERE schemaname = :schema AND sequencename = :name"
            "   AND coalesce(last_value, 0) < :highest"
        ).bindparams(schema=schema, name=sequence.name, highest=highest)
    )
