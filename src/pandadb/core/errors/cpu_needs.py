"""More CPU time for tasks whose jobs ran out of it: CPUTIME of JEDI_TASKS.

Source: `initialize_cpu_time_task` and `requestTaskParameterRecalculation` of panda-server. CPU time
is in HS06 seconds an event, or in thousandths of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Float,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from pandadb.core.datasets.file_keys import same_dataset, same_file
from pandadb.core.errors.failed_jobs import input_of
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import array, is_given, unnested, written
from pandadb.core.sql.transaction import Lock
from pandadb.core.tasks.row_locks import lock_tasks
from pandadb.models import (
    FilesTable4,
    JediDatasetContents,
    JediDatasets,
    JediTasks,
    JobsArchived,
    JobsArchived4,
    SchedconfigJSON,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Select

    from pandadb.core.errors.failed_jobs import FailedJob
    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import JobTable

HS06, MILLI_HS06 = "HS06sPerEvent", "mHS06sPerEvent"
PARTS: Mapping[str | None, int] = {HS06: 1, MILLI_HS06: 1000}
"""The units, as parts of HS06 seconds."""
LEAST_IN_HS06 = 10
"""CPU times below this are kept in thousandths."""
MARGIN = 1.1 * 1.5
"""The factor for a core's real power, and for the time that the job lacked."""
UNSET = 1970
"""The year of times that are not known: a default of jobs."""
RECENT: ColumnElement[Any] = literal_column("interval '30 minutes'")
"""Tasks that changed so recently are not estimated anew."""
TASK, FILE = JediTasks.__table__.c, FilesTable4.__table__.c
CONTENTS, DATASET = JediDatasetContents.__table__.c, JediDatasets.__table__.c


class Facts(NamedTuple):
    """The terms of the CPU time of a task: the queue of a job, the task, and its input."""

    pandaid: int
    jeditaskid: int
    cputime: float | None
    cputimeunit: str | None
    basewalltime: int | None
    cpuefficiency: float | None
    maxtime: float | None
    corepower: float | None
    queue_cores: float | None
    events: int | None


def raise_cpu_times(session: Transaction, jobs: Sequence[FailedJob]) -> dict[int, str]:
    """Set the CPU time of the tasks of jobs by how long these ran; return phrases by PandaID.

    Jobs without a phrase changed nothing: their task has finished jobs, a value that this needs is
    missing, or its CPU time is greater already.
    """
    tasks = sorted({job.jeditaskid for job in jobs if job.jeditaskid})
    lock_tasks(session, tasks, Lock.WAIT)
    given: dict[str, Any] = {"pandaids": [job.pandaid for job in jobs], "tasks": tasks}
    given["of_jobs"] = [job.jeditaskid or 0 for job in jobs]
    given["queues"] = [job.computingsite or "" for job in jobs]
    facts = {row.pandaid: Facts(*row) for row in session.execute(_facts(), given)}
    phrases, known = {}, dict[int, tuple[int, str]]()
    for job in jobs:
        one = facts.get(job.pandaid)
        if one is None or (more := _cpu_time(job, one, known.get(one.jeditaskid))) is None:
            continue
        known[one.jeditaskid] = more
        phrases[job.pandaid] = f"the task gets a CPU time of {more[0]} {more[1]}"
    _write(session, known)
    return phrases


def request_estimates(session: Transaction, tasks: Sequence[int]) -> set[int]:
    """Have the values of tasks estimated anew from scouts; return those that did not change lately.

    A WALLTIMEUNIT of NULL asks for that.
    """
    asked = (
        update(JediTasks.__table__)
        .where(is_given(TASK.jeditaskid), TASK.modificationtime < now() - RECENT)
        .values(walltimeunit=None, modificationtime=now())
        .returning(TASK.jeditaskid)
    )
    lock_tasks(session, tasks, Lock.WAIT)
    return {*session.execute(asked, {"pandaids": written(tasks)}).scalars()}


def _cpu_time(
    job: FailedJob, facts: Facts, before: tuple[int, str] | None
) -> tuple[int, str] | None:
    """Return the CPU time of a task with its unit; None if it is not to change."""
    seconds = _walltime(job.starttime, job.endtime)
    queue = facts.maxtime and facts.corepower and facts.queue_cores
    if seconds is None or not (queue and facts.basewalltime and facts.cpuefficiency):
        return None
    if not facts.events:
        return None
    cores = job.corecount or 1
    hs06 = (seconds - facts.basewalltime) * (facts.corepower or 0) * cores * MARGIN
    cputime = hs06 / (facts.cpuefficiency / 100) / facts.events
    old, unit = before or (facts.cputime, facts.cputimeunit)
    if old is not None and unit in PARTS and old / PARTS[unit] > cputime:
        return None
    unit = HS06 if cputime >= LEAST_IN_HS06 else MILLI_HS06
    whole = int(cputime * PARTS[unit])
    return (whole, unit) if whole > 0 else None  # the server may write a negative one


def _walltime(start: datetime | None, end: datetime | None) -> float | None:
    if start is None or end is None or end < start or start.year == UNSET:
        return None
    return (end - start) / timedelta(seconds=1)


@cache
def _facts() -> Select[Any]:
    """Return the statement: a row for each job of a task without a finished job."""
    given = unnested(
        "given",
        pandaid=array("pandaids"),
        jeditaskid=array("of_jobs"),
        queue=bindparam("queues", type_=ARRAY(Text)),
    )
    queue = SchedconfigJSON.__table__.c
    data = cast(queue.data, JSONB)
    events = _events().subquery("events")
    return (
        select(
            given.c.pandaid, TASK.jeditaskid, cast(TASK.cputime, Float), TASK.cputimeunit,
            TASK.basewalltime, cast(TASK.cpuefficiency, Float), _number(data["maxtime"].astext),
            _number(data["corepower"].astext),
            func.coalesce(_number(data["corecount"].astext), 1), events.c.events,
        )
        .join_from(given, TASK.jeditaskid.table, TASK.jeditaskid == given.c.jeditaskid)
        .join(queue.data.table, queue.panda_queue == given.c.queue)
        .outerjoin(events, events.c.pandaid == given.c.pandaid)
        .where(~or_(_has_finished(JobsArchived4), _has_finished(JobsArchived)))
    )  # fmt: skip


def _events() -> Select[Any]:
    """Select the events of the input files of jobs, of datasets that jobs are made from."""
    used = input_of(FILE.pandaid == func.any(array("pandaids"))).distinct().cte("used")
    in_range = case(
        (
            and_(CONTENTS.startevent != 0, CONTENTS.endevent != 0),
            CONTENTS.endevent - CONTENTS.startevent,
        ),
        else_=func.coalesce(CONTENTS.nevents, 0),
    )
    return (
        select(used.c.pandaid, cast(func.sum(in_range), BigInteger).label("events"))
        .join_from(used, CONTENTS.fileid.table, same_file(CONTENTS, used.c))
        .join(DATASET.masterid.table, same_dataset(DATASET, CONTENTS))
        .where(DATASET.masterid.is_(None))
        .group_by(used.c.pandaid)
    )


def _has_finished(model: JobTable) -> ColumnElement[bool]:
    """Return whether a task has a finished job in a table, other than one that builds."""
    job: Any = model.__table__.alias()
    finished = and_(job.c.jobstatus == "finished", ~job.c.transformation.contains("build"))
    return exists().where(job.c.jeditaskid == TASK.jeditaskid, finished)


def _number(text: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a number of a queue's JSON; NULL for other text."""
    return case((text.regexp_match(r"^\d+(\.\d+)?$"), cast(text, Float)))


def _write(session: Transaction, cputimes: Mapping[int, tuple[int, str]]) -> None:
    if not cputimes:
        return
    given: Any = unnested(
        "given",
        jeditaskid=array("tasks"),
        cputime=array("cputimes"),
        unit=bindparam("units", type_=ARRAY(Text)),
    ).c
    session.execute(
        update(JediTasks.__table__)
        .where(TASK.jeditaskid == given.jeditaskid)
        .values(cputime=given.cputime, cputimeunit=given.unit),
        {
            "tasks": [*cputimes],
            "cputimes": [number for number, _ in cputimes.values()],
            "units": [unit for _, unit in cputimes.values()],
        },
    )
