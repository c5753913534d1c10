"""One transition out of one table, said in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from pandadb.core import states
from pandadb.core.effects import now
from pandadb.models import FilesTable4, JobParamsTable, JobsStatusLog, MetaTable
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import CTE, ColumnElement, Select

    from pandadb.core.effects import Columns
    from pandadb.core.states import Transition
    from pandadb.core.tables import JobTable

    Condition = Callable[[JobTable], ColumnElement[bool]]

Satellite = type[FilesTable4] | type[MetaTable] | type[JobParamsTable]
SATELLITES: tuple[Satellite, ...] = (FilesTable4, MetaTable, JobParamsTable)
SPARED = ("merging", "nooutput")
LOGGED = ("prodsourcelabel", "cloud", "computingsite", "modificationhost")


class Lock(StrEnum):
    """What to do about jobs that another transaction has locked."""

    WAIT = "wait"
    SKIP = "skip"
    NOWAIT = "nowait"


@dataclass(frozen=True)
class Route:
    """A transition, where its jobs are and go, the columns that the caller sets, how it locks."""

    step: Transition
    source: JobTable
    target: JobTable
    values: tuple[str, ...] = ()
    lock: Lock = Lock.WAIT


def by_id(job: JobTable) -> ColumnElement[bool]:
    """Choose jobs by the parameter `pandaids`."""
    return job.pandaid == func.any(bindparam("pandaids", type_=ARRAY(BigInteger)))


@cache
def prepared(route: Route) -> Select[Any]:
    """Return the statement for jobs by their ids: made once, since 127 columns take their time."""
    return statement(route, by_id)


def statement(route: Route, chosen: Condition) -> Select[Any]:
    """Pick and lock the jobs, change or carry them, write what follows; return id and old state.

    Its parameters are the columns that the caller sets, and `host`.
    """
    picked = _picked(route, chosen)
    moved = (_changed if route.source is route.target else _carried)(route, picked)
    then = [_logged(moved, picked)]
    if states.STATES[route.step.target].final:
        then += [_stamped(table, moved, route.step.target) for table in SATELLITES]
    return (
        select(picked.c.pandaid, picked.c.jobstatus)
        .join_from(moved, picked, picked.c.pandaid == moved.c.pandaid)
        .add_cte(*then)
    )


def _picked(route: Route, chosen: Condition) -> CTE:
    """Choose the jobs, and lock them in the order of their ids."""
    job, step = route.source.__table__.c, route.step
    return (
        select(job.pandaid, job.jobstatus)
        .where(
            chosen(route.source),
            job.jobstatus.in_(step.sources_in(route.source)),
            *(guard.of(job) for guard in step.guards),
        )
        .order_by(job.pandaid)
        .with_for_update(skip_locked=route.lock is Lock.SKIP, nowait=route.lock is Lock.NOWAIT)
        .cte("picked")
        .prefix_with("MATERIALIZED")
    )


def _changed(route: Route, picked: CTE) -> CTE:
    """Change the jobs in the table where they are."""
    job = route.target.__table__
    return (
        update(job)
        .where(job.c.pandaid == picked.c.pandaid)
        .values(_new_values(route, job.c))
        .returning(*_kept(job.c))
        .cte("moved")
    )


def _carried(route: Route, picked: CTE) -> CTE:
    """Take the jobs out of one table and put them into another, with all of their columns."""
    job, target = route.source.__table__, route.target.__table__
    gone = delete(job).where(job.c.pandaid == picked.c.pandaid).returning(*job.c).cte("gone")
    new = {**dict(gone.c.items()), **_new_values(route, gone.c)}
    return (
        insert(target)
        .from_select([*new], select(*new.values()))
        .returning(*_kept(target.c))
        .cte("moved")
    )


def _new_values(route: Route, job: Columns) -> dict[str, Any]:
    step = route.step
    return {
        "statechangetime": case(
            (job["jobstatus"] == step.target, job["statechangetime"]), else_=now()
        ),
        "modificationhost": bindparam("host", type_=job["modificationhost"].type),
        **{name: effect.of(job, name) for name, effect in step.effects.items()},
        **{name: bindparam(name, type_=job[name].type) for name in route.values},
        "jobstatus": literal(step.target),
        "modificationtime": now(),
    }


def _kept(job: Columns) -> list[Any]:
    """Return the columns of a moved job that the statement goes on with."""
    return [job[name] for name in ("pandaid", "jobstatus", "modificationtime", *LOGGED)]


def _logged(moved: CTE, picked: CTE) -> CTE:
    """Write into the status log which jobs have changed their state."""
    names = ["pandaid", "modificationtime", "jobstatus", *LOGGED]
    rows = (
        select(*(moved.c[name] for name in names), moved.c.modificationtime)
        .join_from(moved, picked, picked.c.pandaid == moved.c.pandaid)
        .where(picked.c.jobstatus != moved.c.jobstatus)
    )
    log = insert(JobsStatusLog.__table__)
    return log.from_select([*names, "modiftime_extended"], rows).cte("logged")


def _stamped(
    satellite: type[FilesTable4 | MetaTable | JobParamsTable], moved: CTE, end: str
) -> CTE:
    """Give what belongs to ended jobs their time: it gets into the partition where they are.

    The outputs and logs of a job that has not succeeded fail with it (semantics 2.9), unless the
    report says that they are to be merged, or were not to be.
    """
    table = satellite.__table__
    new: dict[str, Any] = {"modificationtime": moved.c.modificationtime}
    if satellite is FilesTable4 and end != "finished":
        lost = and_(
            table.c.type.in_(("output", "log")), func.coalesce(table.c.status, "").not_in(SPARED)
        )
        new["status"] = case((lost, "failed"), else_=table.c.status)
    return (
        update(table)
        .where(table.c.pandaid == moved.c.pandaid, table.c.modificationtime == EPOCH)
        .values(new)
        .cte(table.name)
    )
