"""One transition out of one table, said in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    select,
    update,
)

from pandadb.core import states
from pandadb.core.effects import constant, now
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
LOGGED = ("prodsourcelabel", "cloud", "computingsite", "modificationhost")
KEPT = ("pandaid", "modificationtime", "jobstatus", *LOGGED)
"""The columns of a moved job that the statement goes on with, beside the state that it `was` in."""


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
    """Choose jobs by the parameter `pandaids`.

    The planner does not see through the subquery how many they are: so it goes by the primary key,
    and keeps the plan of a prepared statement, which takes longer to make than one job to move.
    """
    array = ARRAY(BigInteger)
    pandaids = select(bindparam("pandaids", type_=array)).scalar_subquery()
    return job.pandaid == func.any(cast(pandaids, array))


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
    then = [_logged(moved)]
    if states.STATES[route.step.target].final:
        then += [_stamped(table, moved, route.step.target) for table in SATELLITES]
    return select(moved.c.pandaid, moved.c.was).add_cte(*then)


def _picked(route: Route, chosen: Condition) -> CTE:
    """Choose the jobs, and lock them in the order of their ids."""
    job, step = route.source.__table__.c, route.step
    return (
        select(job.pandaid, job.jobstatus)
        .where(
            chosen(route.source),
            job.jobstatus.in_([constant(name) for name in step.sources_in(route.source)]),
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
        .returning(*(job.c[name] for name in KEPT), picked.c.jobstatus.label("was"))
        .cte("moved")
    )


def _carried(route: Route, picked: CTE) -> CTE:
    """Take the jobs out of one table and put them into another, with all of their columns."""
    job, target = route.source.__table__, route.target.__table__
    gone = delete(job).where(job.c.pandaid == picked.c.pandaid).returning(*job.c).cte("gone")
    new = {**dict(gone.c.items()), **_new_values(route, gone.c)}
    put = insert(target).from_select([*new], select(*new.values())).cte("put")
    kept = [new[name].label(name) for name in KEPT]
    return select(*kept, gone.c.jobstatus.label("was")).add_cte(put).cte("moved")


def _new_values(route: Route, job: Columns) -> dict[str, Any]:
    step = route.step
    return {
        "statechangetime": case(
            (job["jobstatus"] == step.target, job["statechangetime"]), else_=now()
        ),
        "modificationhost": bindparam("host", type_=job["modificationhost"].type),
        **{name: effect.of(job, name) for name, effect in step.effects.items()},
        **{name: bindparam(name, type_=job[name].type) for name in route.values},
        "jobstatus": constant(step.target),
        "modificationtime": now(),
    }


def _logged(moved: CTE) -> CTE:
    """Write into the status log which jobs have changed their state."""
    kept = [moved.c[name] for name in KEPT]
    rows = select(*kept, moved.c.modificationtime).where(moved.c.was != moved.c.jobstatus)
    log = insert(JobsStatusLog.__table__)
    return log.from_select([*KEPT, "modiftime_extended"], rows).cte("logged")


def _stamped(
    satellite: type[FilesTable4 | MetaTable | JobParamsTable], moved: CTE, end: str
) -> CTE:
    """Give what belongs to ended jobs their time: it gets into the partition where they are.

    The outputs and logs of a job that has not succeeded fail with it (semantics 2.9).
    """
    table = satellite.__table__
    new: dict[str, Any] = {"modificationtime": moved.c.modificationtime}
    if satellite is FilesTable4 and end != "finished":
        lost = table.c.type.in_(("output", "log"))
        new["status"] = case((lost, "failed"), else_=table.c.status)
    return (
        update(table)
        .where(table.c.pandaid == moved.c.pandaid, table.c.modificationtime == EPOCH)
        .values(new)
        .cte(table.name)
    )
