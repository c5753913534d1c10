"""Rows to put into a test database; whatever a test does not name takes the column's default."""

from __future__ import annotations

from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core import states
from pandadb.models import (
    FilesTable4,
    FilesTableArch,
    JediJobRetryHistory,
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
ROW_IDS = count(1)


def make_job(session: Session, jobstatus: str, pandaid: int | None = None, **columns: Any) -> int:
    """Make a job in the table of its state; return its PandaID."""
    pandaid = pandaid or next(PANDAIDS)
    table = states.home(jobstatus)
    if table is JobsArchived4:  # whose key has no default
        columns.setdefault("modificationtime", datetime(2026, 11, 20))
    session.add(table(pandaid=pandaid, jobstatus=jobstatus, **columns))
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
