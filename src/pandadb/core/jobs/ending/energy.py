"""The energy that a job has used: HS06 seconds, and grams of CO2; semantics 2.8 and 2.14.

They are of its wall time and cores, of the power of its queue's cores (SCHEDCONFIG_JSON), and of
the carbon intensity of electricity meanwhile (CARBON_REGION_EMISSIONS).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Float,
    Integer,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    update,
)

from pandadb.core.jobs.files.file_accounting import moved_jobs
from pandadb.core.jobs.files.file_status import CLOSED_TASKS
from pandadb.core.jobs.states import KILLS
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import constant
from pandadb.models import CarbonRegionEmissions, JediTasks, JobsArchived4, SchedconfigJSON
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import CTE, ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.effects import Columns

GRID = "GRID"
"""The region of the average; also of queues that are not known."""
WATTS_PER_CORE = 10
"""The consumption of a core of a queue that has no other, in W."""
MOST_HS06SEC = 999_999_999
MOST_GRAMS = 99_999_999.99
"""What the columns can have at most."""
NUMBER = "^[0-9]+([.][0-9]*)?$"
CORES = "coreCount=([0-9]+)"
"""The number of cores in `jobmetrics`."""
JOULES_PER_KWH = 3_600_000

JOB, QUEUE, CARBON, TASK = (
    model.__table__.c
    for model in (JobsArchived4, SchedconfigJSON, CarbonRegionEmissions, JediTasks)
)


def is_measured(job: Columns) -> ColumnElement[bool]:
    """Return whether anything is known of the energy of a job's queue, or of the grid."""
    return or_(
        exists().where(QUEUE.panda_queue == job["computingsite"]),
        exists().where(CARBON.region == constant(GRID)),
    )


def measure(session: Transaction, pandaids: Sequence[int], verb: str) -> None:
    """Note what jobs that have just ended have used: those that have begun."""
    session.execute(_measure(verb in KILLS), {"pandaids": [*pandaids]})


@cache
def _measure(killed: bool) -> Select[Any]:
    job = _jobs(killed)
    carbon = _carbon(job)
    hours = cast(func.floor(job.c.seconds), Float)
    hs06sec = case(
        (job.c.corepower.is_(None), null()),
        else_=func.least(MOST_HS06SEC, func.trunc(hours * job.c.corepower * job.c.cores)),
    )
    new = {
        "hs06sec": func.coalesce(hs06sec, JOB.hs06sec),
        "gco2_regional": _grams(job, carbon, job.c.region),
        "gco2_global": _grams(job, carbon, constant(GRID)),
    }
    measured = (
        update(JobsArchived4.__table__)
        .where(JOB.pandaid == job.c.pandaid, JOB.modificationtime == job.c.modificationtime)
        .values(new)
        .cte("measured")
    )
    return select(literal(1)).add_cte(measured)


def _jobs(killed: bool) -> CTE:
    """Select the jobs with their cores and what is known of their queues.

    Those that are not JEDI's have to have an end of their own, and to be no victims of a kill.
    """
    of_jedi = and_(
        func.coalesce(JOB.lockedby, "") == "jedi",
        exists().where(TASK.jeditaskid == JOB.jeditaskid, TASK.status.not_in(CLOSED_TASKS)),
    )
    others = JOB.endtime != JOB.statechangetime
    in_metrics = cast(func.substring(JOB.jobmetrics, constant(CORES)), Integer)
    cores = func.coalesce(JOB.actualcorecount, in_metrics, func.nullif(JOB.corecount, 0), 1)
    seconds = func.extract("epoch", JOB.endtime - JOB.starttime)
    return (
        select(
            JOB.pandaid,
            JOB.modificationtime,
            JOB.starttime,
            JOB.endtime,
            cores.label("cores"),
            func.greatest(seconds, 0).label("seconds"),
            _number("corepower").label("corepower"),
            func.coalesce(_number("coreenergy"), WATTS_PER_CORE).label("watts"),
            case((QUEUE.panda_queue.is_(None), GRID), else_=_text("region")).label("region"),
        )
        .outerjoin(QUEUE.panda_queue.table, QUEUE.panda_queue == JOB.computingsite)
        .where(
            id_arrays.is_given(JOB.pandaid),
            moved_jobs("finished"),
            JOB.starttime > EPOCH,
            JOB.endtime.is_not(None),
            of_jedi if killed else or_(of_jedi, others),
        )
        .cte("job")
        .prefix_with("MATERIALIZED")
    )


def _text(name: str) -> ColumnElement[str]:
    return QUEUE.data.op("->>")(constant(name)).cast(String)


def _number(name: str) -> ColumnElement[float]:
    """Return a number of the queue, or NULL if it is none."""
    text = _text(name)
    return case((text.regexp_match(constant(NUMBER)), cast(text, Float)), else_=null())


def _carbon(job: CTE) -> CTE:
    """Select the carbon intensity of the time of the jobs: each value holds until the next."""
    until = func.lead(CARBON.timestamp).over(partition_by=CARBON.region, order_by=CARBON.timestamp)
    value = select(
        CARBON.region, CARBON.timestamp.label("since"), until.label("until"), CARBON.value
    ).subquery("value")
    first, last = func.min(job.c.starttime), func.max(job.c.endtime)
    return (
        select(value)
        .where(
            or_(value.c.until.is_(None), value.c.until > select(first).scalar_subquery()),
            or_(value.c.until.is_(None), value.c.since < select(last).scalar_subquery()),
        )
        .cte("carbon")
        .prefix_with("MATERIALIZED")
    )


def _grams(job: CTE, carbon: CTE, region: ColumnElement[str]) -> ColumnElement[Any]:
    """Return the CO2 of a job by the values of a region; NULL if it has none."""
    overlap = func.least(carbon.c.until, job.c.endtime) - func.greatest(
        carbon.c.since, job.c.starttime
    )
    seconds = func.greatest(func.extract("epoch", overlap), 0)
    grams = func.sum(seconds * carbon.c.value) * job.c.cores * job.c.watts / JOULES_PER_KWH
    return (
        select(case((grams.is_not(None), func.least(MOST_GRAMS, grams))))  # LEAST passes over NULL
        .where(carbon.c.region == region)
        .correlate(job)
        .scalar_subquery()
    )
