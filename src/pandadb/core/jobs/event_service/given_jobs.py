"""Jobs of the event service as parameters of a statement: arrays of ids, tasks and job sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, or_, select

from pandadb.core.events import special_handling
from pandadb.core.events.changes import EventJob
from pandadb.core.events.special_handling import Flag
from pandadb.core.jobs.files.file_accounting import BEGIN
from pandadb.core.jobs.files.file_status import MASTER_TYPES
from pandadb.core.sql import id_arrays
from pandadb.models import FilesTable4
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Select, TableValuedAlias


FILE = FilesTable4.__table__.c
INPUT_TYPES = MASTER_TYPES
"""Types of the files with the ranges of events of a job."""


def table(name: str = "given") -> TableValuedAlias:
    """Return the jobs as a table: `pandaid`, `jeditaskid`, `jobsetid`."""
    return id_arrays.unnested(
        name,
        pandaid=id_arrays.array("pandaids"),
        jeditaskid=id_arrays.array("tasks"),
        jobsetid=id_arrays.array("jobsets"),
    )


def parameters(jobs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the parameters of `table`."""
    rows = [*jobs]
    return {
        "pandaids": [row["pandaid"] for row in rows],
        "tasks": [row["jeditaskid"] for row in rows],
        "jobsets": [row["jobsetid"] for row in rows],
    }


def event_jobs(jobs: Iterable[Mapping[str, Any]]) -> list[EventJob]:
    """Return jobs as the ranges that they have taken know them."""
    return [
        EventJob(
            job["jeditaskid"],
            job["pandaid"],
            job["jobsetid"],
            has(job, Flag.FREE_UNLESS_FAILED),
        )
        for job in jobs
    ]


def event_sets(jobs: Iterable[Mapping[str, Any]]) -> list[EventJob]:
    """Return the job sets of jobs, as the ranges know them that no job has taken."""
    return [EventJob(job["jeditaskid"], job["jobsetid"]) for job in jobs if job["jobsetid"]]


def has(job: Mapping[str, Any], word: str) -> bool:
    """Return whether a word is among the entries of the job's `specialhandling`."""
    return special_handling.has(job["specialhandling"], word)


def ids(jobs: Iterable[Mapping[str, Any]]) -> list[int]:
    """Return the PandaIDs of jobs."""
    return [job["pandaid"] for job in jobs]


def inputs(given: TableValuedAlias, types: Sequence[str] = INPUT_TYPES) -> Select[Any]:
    """Select the files of tasks that the jobs read, each with its `pandaid`, once."""
    return (
        select(given.c.pandaid, FILE.jeditaskid, FILE.datasetid, FILE.fileid, FILE.attemptnr)
        .join(FILE.pandaid.table, FILE.pandaid == given.c.pandaid)
        .where(FILE.type.in_(types), FILE.fileid.is_not(None), of_jobs_here())
        .distinct()
    )


def of_jobs_here() -> ColumnElement[bool]:
    """Match the partitions of the files of jobs that live, or end in this transaction."""
    return or_(FILE.modificationtime == EPOCH, FILE.modificationtime >= BEGIN)
