"""Rows to put into a test database; whatever a test does not name takes the column's default."""

from __future__ import annotations

from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core.jobs import states
from pandadb.models import (
    FilesTable4,
    FilesTableArch,
    JediDatasetContents,
    JediDatasets,
    JediJobRetryHistory,
    JediTasks,
    JobParamsTable,
    JobParamsTableArch,
    JobsArchived,
    JobsArchived4,
    JobsStatusLog,
    MetaTable,
    MetaTableArch,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

PANDAIDS = count(1_000_000)
ROW_IDS = count(1_000_000_000)
"""Beyond what the sequence of files gives to a test in the same database."""
ROLES = ("input", "output", "log")


def make_job(session: Session, jobstatus: str, pandaid: int | None = None, **columns: Any) -> int:
    """Make a job in the table of its state; return its PandaID."""
    pandaid = pandaid or next(PANDAIDS)
    if states.STATES[jobstatus].final:  # a part of the key there, without a default
        columns.setdefault("modificationtime", datetime(2026, 1, 1))
    session.add(states.home(jobstatus)(pandaid=pandaid, jobstatus=jobstatus, **columns))
    session.flush()
    return pandaid


def make_satellites(session: Session, pandaid: int) -> None:
    """Give a job what a user's job has: an input, an output and a log, parameters, metadata."""
    for role in ("input", "output", "log"):
        file = FilesTable4(row_id=next(ROW_IDS), pandaid=pandaid, type=role, status="unknown")
        session.add(file)
    session.add(JobParamsTable(pandaid=pandaid, jobparameters="--events 10"))
    session.add(MetaTable(pandaid=pandaid, metadata_="{}"))
    session.flush()


def make_task(session: Session, jeditaskid: int, files: int, **columns: Any) -> None:
    """Make a running task: an input dataset of ready files, an output and a log dataset."""
    now = datetime(2026, 1, 1)
    session.add(
        JediTasks(
            jeditaskid=jeditaskid,
            taskname=f"task.{jeditaskid}",
            status="running",
            username="somebody",
            creationdate=now,
            modificationtime=now,
            attemptnr=1,
        )
    )
    for datasetid, role in enumerate(ROLES, start=jeditaskid * 10):
        counters = {"nfiles": files, "nfilestobeused": files} if role == "input" else {}
        dataset = JediDatasets(
            jeditaskid=jeditaskid,
            datasetid=datasetid,
            datasetname=f"{role}.{jeditaskid}",
            type=role,
            masterid=None if role == "input" else jeditaskid * 10,
            creationtime=now,
            modificationtime=now,
            **counters,
        )
        session.add(dataset)
    for n in range(files):
        contents = {"maxattempt": 3, "attemptnr": 0, "failedattempt": 0, "nevents": 100, **columns}
        session.add(_contents(jeditaskid, "input", n, status="ready", **contents))
    session.flush()


def make_task_job(
    session: Session, jeditaskid: int, n: int, jobstatus: str = "running", **columns: Any
) -> int:
    """Make a job that works on a file of a task, with an output and a log; as JEDI would."""
    of_task = {"jeditaskid": jeditaskid, "lockedby": "jedi", **columns}
    pandaid = make_job(session, jobstatus, **of_task)
    key = {"jeditaskid": jeditaskid, "datasetid": jeditaskid * 10, "fileid": n}
    tried = session.get_one(JediDatasetContents, tuple(key.values()), populate_existing=True)
    tried.status, tried.pandaid, tried.proc_status = "running", pandaid, "running"
    dataset = session.get_one(JediDatasets, (jeditaskid, jeditaskid * 10), populate_existing=True)
    dataset.nfilesused = (dataset.nfilesused or 0) + 1
    for role in ROLES:
        fileid = n if role == "input" else pandaid
        key = {"jeditaskid": jeditaskid, "datasetid": jeditaskid * 10 + ROLES.index(role)}
        attempt = tried.attemptnr if role == "input" else 0
        if role != "input":
            made = {"status": "running", "outpandaid": pandaid, "pandaid": pandaid, "attemptnr": 0}
            session.add(_contents(jeditaskid, role, fileid, **made))
        file = FilesTable4(row_id=next(ROW_IDS), pandaid=pandaid, type=role, status="unknown")
        for name, value in {**key, "fileid": fileid, "attemptnr": attempt}.items():
            setattr(file, name, value)
        session.add(file)
    session.flush()
    return pandaid


def _contents(jeditaskid: int, role: str, fileid: int, **columns: Any) -> JediDatasetContents:
    return JediDatasetContents(
        jeditaskid=jeditaskid,
        datasetid=jeditaskid * 10 + ROLES.index(role),
        fileid=fileid,
        creationdate=datetime(2026, 1, 1),
        lfn=f"{role}.{fileid}",
        type=role,
        keeptrack=1,
        **columns,
    )


def make_archived(
    session: Session, jobstatus: str, *, satellites: bool = True, **columns: Any
) -> int:
    """Make a job in the archive, with an output, parameters and metadata; return its PandaID."""
    pandaid = next(PANDAIDS)
    session.add(JobsArchived(pandaid=pandaid, jobstatus=jobstatus, **columns))
    if satellites:
        session.add(FilesTableArch(row_id=next(ROW_IDS), pandaid=pandaid, type="output"))
        session.add(JobParamsTableArch(pandaid=pandaid, jobparameters="--events 10"))
        session.add(MetaTableArch(pandaid=pandaid, metadata_="{}"))
    session.flush()
    return pandaid


def make_copy(session: Session, pandaid: int, **columns: Any) -> None:
    """Copy a job of JOBSARCHIVED4 to the archive, as the archiver does, with other values."""
    job = JobsArchived4.__table__
    row = session.execute(select(job).where(job.c.pandaid == pandaid)).mappings().one()
    session.execute(JobsArchived.__table__.insert().values({**row, **columns}))


def make_log(session: Session, pandaid: int, *entries: tuple[str, datetime]) -> None:
    """Write states of a job, each with its time, into the status log."""
    for jobstatus, time in entries:
        session.add(JobsStatusLog(pandaid=pandaid, jobstatus=jobstatus, modificationtime=time))
    session.flush()


def make_retry(
    session: Session,
    old: int,
    new: int,
    origin: int | None = None,
    relationtype: str | None = "retry",
    *,
    jeditaskid: int = 7,
) -> None:
    """Say that a job follows another, in a chain that begins with the origin."""
    session.add(
        JediJobRetryHistory(
            jeditaskid=jeditaskid,
            oldpandaid=old,
            newpandaid=new,
            originpandaid=origin or old,
            relationtype=relationtype,
            ins_utc_tstamp=datetime(2026, 11, 20),
        )
    )
    session.flush()
