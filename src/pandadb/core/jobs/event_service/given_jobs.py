"""Jobs of the event service as parameters of a statement: their ids, tasks and job sets, as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, or_, select

from pandadb.core.jobs.files.file_accounting import BEGIN
from pandadb.core.jobs.files.file_status import MASTER_TYPES
from pandadb.core.sql import id_arrays
from pandadb.models import FilesTable4
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Select, TableValuedAlias

    from pandadb.core.statemachine.effects import Columns

    Rows = Sequence[Mapping[str, Any]]

FILE = FilesTable4.__table__.c
INPUT_TYPES = MASTER_TYPES
"""Types of the files whose ranges of events are a job's."""


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


def is_of_file(event: Columns, file: Columns) -> ColumnElement[bool]:
    """Return whether a range of events is one of a file."""
    same = (event[name] == file[name] for name in ("jeditaskid", "datasetid", "fileid"))
    first, *others = same
    for other in others:
        first = first & other
    return first
