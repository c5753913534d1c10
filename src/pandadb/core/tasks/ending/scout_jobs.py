"""Finished jobs of tasks with their use of resources and their input, for the values of scouts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Float,
    Numeric,
    case,
    cast,
    func,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB, distinct_on

from pandadb.core.datasets.dataset_types import INPUTS, MERGED
from pandadb.core.datasets.file_keys import same_dataset
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_given
from pandadb.core.sql.transaction import connection_of
from pandadb.models import (
    JediDatasetContents,
    JediDatasets,
    JobsArchived,
    JobsArchived4,
    SchedconfigJSON,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import CTE, ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction

FILE, DATASET = JediDatasetContents.__table__.c, JediDatasets.__table__.c
MOST_JOBS = 1000
"""Jobs of a task that are looked at."""
ARCHIVED_SINCE: ColumnElement[Any] = literal_column("interval '30 days'")
SECOND = timedelta(seconds=1)
MB = 1024 * 1024
CORE_POWER = 10.0
"""HS06 of a core where the queue has none."""
COLUMNS = (
    "pandaid", "computingsite", "starttime", "endtime", "cpuconsumptiontime", "actualcorecount",
    "corecount", "outputfilebytes", "inputfilebytes", "maxpss", "jobmetrics", "totrbytes",
    "totwbytes", "memory_leak", "memory_leak_x2",
)  # fmt: skip


class Finished(NamedTuple):
    """A finished job, and its input: the files of master datasets."""

    jeditaskid: int
    input_mb: float
    """Size of its part of the files; a file without a size counts as 1 MB."""
    input_bytes: int
    """Size of the files as a whole."""
    events: int
    is_pseudo: bool
    """Whether its input is made up."""
    corepower: float | None
    """HS06 of a core of its queue."""
    pandaid: int
    computingsite: str | None
    starttime: datetime | None
    endtime: datetime | None
    cpuconsumptiontime: int | None
    actualcorecount: int | None
    corecount: int | None
    outputfilebytes: int | None
    inputfilebytes: int | None
    maxpss: int | None
    """kB."""
    jobmetrics: str | None
    totrbytes: int | None
    totwbytes: int | None
    memory_leak: int | None
    memory_leak_x2: float | None

    @property
    def seconds(self) -> int | None:
        """The wall time, in whole seconds."""
        if self.starttime is None or self.endtime is None:
            return None
        return (self.endtime - self.starttime) // SECOND

    @property
    def cores(self) -> int:
        """The cores that were used, or that were asked for."""
        if self.actualcorecount is not None:
            return self.actualcorecount
        return self.metric("coreCount") or self.corecount or 1

    @property
    def power(self) -> float:
        """The HS06 of a core."""
        return self.corepower or CORE_POWER

    def metric(self, name: str) -> int | None:
        """Return a number of `jobmetrics`."""
        found = re.search(rf"{name}=(\d+)", self.jobmetrics or "", re.ASCII)
        return int(found[1]) if found else None


@dataclass(frozen=True)
class FinishedJobs:
    """The finished jobs of a task, by PandaID, and how many there are in all."""

    jobs: Sequence[Finished]
    number: int
    input_bytes: int


def read(
    session: Transaction, tasks: Sequence[int], *, merging: bool = False
) -> dict[int, FinishedJobs]:
    """Return the finished jobs of those tasks that have finished input, or their merge jobs.

    Of a task at most 1000 are returned, the first ones; archived jobs of the last 30 days count.
    """
    rows = connection_of(session).execute(_query(merging), {"pandaids": [*tasks]})
    jobs: dict[int, list[Finished]] = {}
    found: dict[int, FinishedJobs] = {}
    for number, all_bytes, *columns in rows:
        job = Finished(*columns)
        of_task = jobs.setdefault(job.jeditaskid, [])
        if job.pandaid is not None:
            of_task.append(job)
        found[job.jeditaskid] = FinishedJobs(of_task, number, int(all_bytes or 0))
    return found


@lru_cache(2)
def _query(merging: bool) -> Select[Any]:
    """Return the statement: input by job, then its job, live or archived."""
    inputs = _inputs(merging)
    jobs = _jobs(inputs)
    queue = SchedconfigJSON.__table__.c
    power = cast(cast(queue.data, JSONB)["corepower"].astext, Float)
    return (
        select(
            inputs.c.number,
            inputs.c.all_bytes,
            inputs.c.jeditaskid,
            cast(inputs.c.part_bytes, Float) / MB,
            cast(func.coalesce(inputs.c.input_bytes, 0), BigInteger),
            cast(inputs.c.events, BigInteger),
            inputs.c.is_pseudo,
            power,
            *(_plain(jobs.c[name]) for name in COLUMNS),
        )
        .select_from(inputs)
        .outerjoin(jobs, jobs.c.pandaid == inputs.c.pandaid)
        .outerjoin(queue.panda_queue.table, queue.panda_queue == jobs.c.computingsite)
        .where(inputs.c.place <= MOST_JOBS)
        .order_by(inputs.c.jeditaskid, inputs.c.pandaid)
    )


def _plain(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a number as Python computes with it fastest: not as a decimal."""
    return cast(column, Float) if isinstance(column.type, Numeric) else column


def _inputs(merging: bool) -> CTE:
    """Select the finished input of each job, with the sums of its task."""
    task = FILE.jeditaskid
    return (
        select(
            FILE.jeditaskid,
            FILE.pandaid,
            func.sum(_part_bytes()).label("part_bytes"),
            func.sum(FILE.fsize).label("input_bytes"),
            func.sum(_events()).label("events"),
            func.bool_or(FILE.type == "pseudo_input").label("is_pseudo"),
            func.count().over(partition_by=task).label("number"),
            func.sum(func.sum(FILE.fsize)).over(partition_by=task).label("all_bytes"),
            func.row_number().over(partition_by=task, order_by=FILE.pandaid).label("place"),
        )
        .join_from(DATASET.datasetid.table, FILE.fileid.table, same_dataset(FILE, DATASET))
        .where(
            is_given(DATASET.jeditaskid),
            DATASET.masterid.is_(None),
            DATASET.type.in_(MERGED) if merging else FILE.type.in_(INPUTS),
            FILE.status == "finished",
        )
        .group_by(FILE.jeditaskid, FILE.pandaid)
        .cte("inputs")
    )


def _part_bytes() -> ColumnElement[Any]:
    """Return the size of the part of a file that a range of events is; 1 MB if it is not known."""
    events = FILE.endevent - FILE.startevent + 1
    part = case(
        (
            FILE.nevents.is_not(None) & FILE.startevent.is_not(None) & FILE.endevent.is_not(None),
            func.trunc(FILE.fsize * cast(events, Float) / func.nullif(FILE.nevents, 0)),
        ),
        else_=FILE.fsize,
    )
    return func.coalesce(func.nullif(part, 0), MB)


def _events() -> ColumnElement[Any]:
    """Return the events of a file: of its range, of the whole, or 1."""
    return case(
        (
            FILE.startevent.is_not(None) & FILE.endevent.is_not(None),
            func.greatest(FILE.endevent - FILE.startevent + 1, 1),
        ),
        else_=func.coalesce(FILE.nevents, 1),
    )


def _jobs(inputs: CTE) -> CTE:
    """Select the finished jobs, each once: the live row before the archived one."""
    tables = []
    for place, job in enumerate((JobsArchived4.__table__.c, JobsArchived.__table__.c)):
        recent = job.modificationtime > now() - ARCHIVED_SINCE if place else true()
        tables.append(
            select(*(job[name] for name in COLUMNS), literal_column(str(place)).label("place"))
            .where(is_given(job.jeditaskid), job.jobstatus == "finished")
            .where(job.pandaid.in_(select(inputs.c.pandaid)), recent)
        )
    both = union_all(*tables).subquery("both")
    return (
        select(*(both.c[name] for name in COLUMNS))
        .ext(distinct_on(both.c.pandaid))
        .order_by(both.c.pandaid, both.c.place)
        .cte("jobs")
    )
