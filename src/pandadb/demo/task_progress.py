"""Progress of a task: places of its jobs, counters of its datasets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, literal, select, union_all

from pandadb.models import JediDatasets
from pandadb.models.jobs.all_tables import JOB_TABLES

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class JobPlace:
    """Table and state of a job."""

    pandaid: int
    table: str
    jobstatus: str


@dataclass(frozen=True)
class Counters:
    """Numbers of files of a dataset: in all, used, finished, failed."""

    type: str
    datasetname: str
    files: int
    used: int
    finished: int
    failed: int


def places(session: Session, jeditaskid: int) -> list[JobPlace]:
    """Return the jobs of the task by PandaID, one entry for each row of a job."""
    tables = [
        select(job.pandaid.label("pandaid"), literal(job.__tablename__), job.jobstatus).where(
            job.jeditaskid == jeditaskid
        )
        for job in JOB_TABLES
    ]
    return [JobPlace(*row) for row in session.execute(union_all(*tables).order_by("pandaid"))]


def counters(session: Session, jeditaskid: int) -> list[Counters]:
    """Return the counters of the task's datasets."""
    of = JediDatasets
    rows = session.execute(
        select(
            of.type,
            of.datasetname,
            func.coalesce(of.nfiles, 0),
            func.coalesce(of.nfilesused, 0),
            func.coalesce(of.nfilesfinished, 0),
            func.coalesce(of.nfilesfailed, 0),
        )
        .where(of.jeditaskid == jeditaskid)
        .order_by(of.datasetid)
    )
    return [Counters(*row) for row in rows]
