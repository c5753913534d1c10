"""The statement that gives ranges of events to jobs, the first ones of each pool in turns."""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, exists, func, null, select, true, update

from pandadb.core.datasets.file_keys import same_file
from pandadb.core.events.effects import IS_JUMBO, IS_OPEN
from pandadb.core.events.states import KEY, EventStatus
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import constants
from pandadb.models import JediDatasetContents, JediEvents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import CTE, ColumnElement, Select

    from pandadb.core.statemachine.effects import Columns

EVENT, CONTENTS = JediEvents.__table__.c, JediDatasetContents.__table__.c


class Pool(Enum):
    """The ranges that a job may take."""

    JOBSET = "those of its job set"
    SEGMENT = "those of its job set, of one dataset"
    TASK = "those of its task, file after file"
    SCATTERED = "those of its task, in any order"


class Taker(NamedTuple):
    """A job that takes ranges, as the statement has it."""

    pandaid: int
    jeditaskid: int
    jobset: int
    segment: int
    ranges: int


def takers() -> Columns:
    """Return the takers, each a row, as parameters."""
    arrays = {name: id_arrays.array(f"{name}s") for name in Taker._fields}
    return id_arrays.unnested("given", **arrays).c


def of_pool(pool: Pool, event: Columns, given: Columns) -> ColumnElement[bool]:
    """Return whether a range is of the pool of a taker."""
    conditions = [event["jeditaskid"] == given["jeditaskid"]]
    if pool in (Pool.JOBSET, Pool.SEGMENT):
        conditions.append(event["pandaid"] == given["jobset"])
    if pool is Pool.SEGMENT:
        conditions.append(event["datasetid"] == given["segment"])
    return and_(*conditions)


def parameters(given: Sequence[Taker]) -> dict[str, list[int]]:
    """Return takers as the parameters of the statements."""
    columns = zip(Taker._fields, zip(*given, strict=True), strict=True)
    return {f"{name}s": [*values] for name, values in columns}


def is_free(event: Columns) -> ColumnElement[bool]:
    """Return whether a range can be taken."""
    return and_(event["status"] == constants([EventStatus.READY.value])[0], IS_OPEN.of(event))


@cache
def taking(pool: Pool) -> Select[Any]:
    """Return the statement that gives the first ranges of each pool to its jobs, in their order."""
    jobs = _jobs(pool)
    ranges = _numbered(_free(pool, jobs))
    is_jumbo = pool in (Pool.TASK, Pool.SCATTERED)
    columns = (*KEY, "datasetid", "attemptnr", "def_min_eventid", "def_max_eventid")
    taken = (
        update(JediEvents.__table__)
        .where(
            ranges.c.pool == jobs.c.pool,
            ranges.c.number > jobs.c.before,
            ranges.c.number <= jobs.c.before + jobs.c.ranges,
            *(EVENT[name] == ranges.c[name] for name in KEY),
        )
        .values(
            pandaid=jobs.c.pandaid,
            status=constants([EventStatus.SENT.value])[0],
            is_jumbo=constants([IS_JUMBO])[0] if is_jumbo else null(),
        )
        .returning(*(EVENT[name] for name in columns))
        .cte("taken")
    )
    names = ("pandaid", "jeditaskid", "fileid", "job_processid", "attemptnr")
    return (
        select(*(taken.c[name] for name in (*names, "def_min_eventid", "def_max_eventid")))
        .add_columns(CONTENTS.lfn, CONTENTS.guid, CONTENTS.scope)
        .outerjoin(CONTENTS.fileid.table, same_file(taken.c, CONTENTS))
        .order_by(taken.c.pandaid, taken.c.fileid, taken.c.job_processid)
    )


def _jobs(pool: Pool) -> CTE:
    """Select the jobs with a number for their pool, and the ranges that jobs before them get."""
    given = takers()
    names = {
        Pool.JOBSET: ("jeditaskid", "jobset"),
        Pool.SEGMENT: ("jeditaskid", "jobset", "segment"),
    }.get(pool, ("jeditaskid",))
    key = [given[name] for name in names]
    asked = func.sum(given.ranges).over(partition_by=key, order_by=given.pandaid)
    return (
        select(
            *given,
            func.dense_rank().over(order_by=key).label("pool"),
            (asked - given.ranges).label("before"),
        )
        .cte("jobs")
        .prefix_with("MATERIALIZED")
    )


def _free(pool: Pool, jobs: CTE) -> CTE:
    """Lock as many free ranges of each pool as its jobs ask for.

    A job that has failed to process a range is not given another copy of it.
    """
    names = ("jeditaskid", "jobset", "segment")
    pools = (
        select(jobs.c.pool, func.sum(jobs.c.ranges).label("ranges"))
        .add_columns(*(func.min(jobs.c[name]).label(name) for name in names))
        .group_by(jobs.c.pool)
        .subquery("pools")
    )
    event = JediEvents.__table__.alias("event").c
    other = JediEvents.__table__.alias("other").c
    is_known = exists().where(
        other.jeditaskid == event.jeditaskid,
        id_arrays.is_one_of(other.pandaid, select(jobs.c.pandaid)),
        other.fileid == event.fileid,
        other.job_processid == event.job_processid,
    )
    ranges = (
        select(*(event[name] for name in KEY))
        .where(of_pool(pool, event, pools.c), is_free(event), ~is_known)
        .limit(pools.c.ranges)
        .with_for_update(skip_locked=True, of=event.pandaid.table)
    )
    if pool is not Pool.SCATTERED:
        ranges = ranges.order_by(*(event[name] for name in KEY))
    found = ranges.lateral("found")
    return (
        select(pools.c.pool, *found.c)
        .select_from(pools.join(found, true()))
        .cte("free")
        .prefix_with("MATERIALIZED")
    )


def _numbered(free: CTE) -> CTE:
    order = [free.c[name] for name in KEY]
    number = func.row_number().over(partition_by=free.c.pool, order_by=order)
    return select(free, number.label("number")).cte("ranges")


@cache
def exhausted() -> Select[int]:
    """Select the jobs of job sets without a range left to take."""
    given = takers()
    is_left = exists().where(
        EVENT.jeditaskid == given.jeditaskid, EVENT.pandaid == given.jobset, is_free(EVENT)
    )
    return select(given.pandaid).where(~is_left).order_by(given.pandaid)
