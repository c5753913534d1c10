"""One transition out of one table, said in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    String,
    bindparam,
    case,
    delete,
    false,
    func,
    insert,
    literal,
    select,
    update,
)

from pandadb.core.jobs import lock_order
from pandadb.core.jobs.files import final_status
from pandadb.core.jobs.files.file_status import BUILD
from pandadb.core.jobs.lock_order import Lock
from pandadb.core.sql.id_arrays import array, by_id, is_given, is_one_of, unnested
from pandadb.core.sql.prepared import CACHE_SIZE
from pandadb.core.statemachine.effects import constant, constants, moment
from pandadb.models import FilesTable4, JobsStatusLog
from pandadb.models.jobs.all_tables import SATELLITES
from pandadb.models.types import EPOCH, Timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import CTE, ColumnElement, Select, TableValuedAlias
    from sqlalchemy.types import TypeEngine

    from pandadb.core.jobs.states import Transition
    from pandadb.core.statemachine.effects import Columns
    from pandadb.models.jobs.all_tables import JobTable, Satellite

    Condition = Callable[[JobTable], ColumnElement[bool]]

LOGGED = ("prodsourcelabel", "cloud", "computingsite", "modificationhost")
PLACED = ("dispatch", "heartbeat", "reset")
"""Verbs that set `modificationhost`; so does each heartbeat. The others leave the job its node."""
PICKED = ("pandaid", "jobstatus", *LOGGED)
"""What a move has to know of the jobs that were chosen."""


@dataclass(frozen=True)
class Route:
    """A transition, where its jobs are and go, the columns that the caller sets, how it locks."""

    step: Transition
    source: JobTable
    target: JobTable
    values: tuple[str, ...] = ()
    lock: Lock = Lock.WAIT
    each: bool = False
    """Whether each job has values of its own, as arrays beside the ids; only within one table."""
    accounted: bool = False
    """Whether the datasets of the jobs are locked before them; only for jobs by their ids."""
    returned: tuple[str, ...] = ()
    """Columns of the jobs that the part `moved` returns as they are then; only within one table."""


@lru_cache(CACHE_SIZE)
def prepared(route: Route) -> Select[Any]:
    """Return the statement for jobs by their ids: made once, since 127 columns take their time."""
    return statement(route, by_id)


def statement(route: Route, chosen: Condition) -> Select[Any]:
    """Return the statement that moves the jobs, and returns their ids and old states.

    A third column tells whether they have datasets that were locked for them, a fourth whether a
    job has failed to build a library, a fifth the time of the move. Its parameters are the columns
    that the caller sets, and `host`.
    """
    locked = _locked(route.lock) if route.accounted else None
    picked = _picked(route, chosen, locked)
    has_files = false() if locked is None else locked > 0
    builds = picked.c.prodsourcelabel == BUILD if route.step.target == "failed" else false()
    what = select(picked.c.pandaid, picked.c.jobstatus, has_files, builds, moment())
    return what.add_cte(*moving(route, picked))


def _locked(how: Lock) -> ColumnElement[int]:
    """Return how many datasets are locked for the jobs: one part of a statement, said twice."""
    return (
        select(func.count()).select_from(lock_order.datasets(how).cte("locked")).scalar_subquery()
    )


def moving(route: Route, picked: CTE) -> list[CTE]:
    """Return the parts that move jobs that are `PICKED` and locked: they change or carry them; log.

    The first is the moment at which it happens, the second `moved`. No part joins another: what is
    picked is locked and so what moves, and all times are the same moment. The planner has nothing
    to guess of tables that are empty now and full in a minute.
    """
    if route.source is route.target:
        was, moved = picked.c, [_changed(route, picked)]
    else:
        gone = _gone(route, picked)
        was, moved = gone.c, [_arrived(route, gone)]
    at = func.max(func.timezone("UTC", func.clock_timestamp())).label("at")  # after the last lock
    moment_ = select(at).select_from(picked).cte("moment").prefix_with("MATERIALIZED")
    return [moment_, *moved, _logged(route, was)]


def _picked(route: Route, chosen: Condition, locked: ColumnElement[int] | None) -> CTE:
    """Choose the jobs, and lock them in the order of their ids, after what `locked` counts."""
    job, step = route.source.__table__.c, route.step
    status = job.jobstatus.collate("C")  # no index has that: jobs are found by what chooses them
    return (
        select(*(job[name] for name in PICKED))
        .where(
            chosen(route.source),
            status.in_(constants(step.sources_in(route.source))),
            *(guard.of(job) for guard in step.guards),
            *([] if locked is None else [locked >= 0]),  # so it is asked before the jobs are locked
        )
        .order_by(job.pandaid)
        .with_for_update(skip_locked=route.lock is Lock.SKIP, nowait=route.lock is Lock.NOWAIT)
        .cte("picked")
        .prefix_with("MATERIALIZED")
    )


def _changed(route: Route, picked: CTE) -> CTE:
    """Change the jobs in the table where they are."""
    job = route.target.__table__
    new = _new_values(route, job.c)
    changed = update(job).where(is_one_of(job.c.pandaid, select(picked.c.pandaid)))
    if route.each:
        given = _own_values(route)
        new |= {name: given.c[name] for name in route.values}
        changed = changed.where(job.c.pandaid == given.c.pandaid)
    changed = changed.values(new)
    if route.returned:
        changed = changed.returning(*(job.c[name] for name in route.returned))
    return changed.cte("moved")


def _own_values(route: Route) -> TableValuedAlias:
    """Return the values of each job as a table, made of one array for each column."""
    types = {name: _unbounded(route.source.__table__.c[name].type) for name in route.values}
    arrays = {name: bindparam(name, type_=ARRAY(kind)) for name, kind in types.items()}
    return unnested("given", pandaid=array("pandaids"), **arrays)


def _unbounded(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return a type without its width: a cast would cut what does not fit, and say nothing."""
    return String() if isinstance(kind, String) else kind


def _gone(route: Route, picked: CTE) -> CTE:
    """Take the jobs out of their table."""
    job = route.source.__table__
    return (
        delete(job)
        .where(is_one_of(job.c.pandaid, select(picked.c.pandaid)))
        .returning(*job.c)
        .cte("gone")
    )


def _arrived(route: Route, gone: CTE) -> CTE:
    """Put the jobs into the other table, with all of their columns."""
    new = {**dict(gone.c.items()), **_new_values(route, gone.c)}
    return insert(route.target.__table__).from_select([*new], select(*new.values())).cte("moved")


def _new_values(route: Route, job: Columns) -> dict[str, Any]:
    step = route.step
    same = job["jobstatus"] == constant(step.target)
    return {
        "statechangetime": case((same, job["statechangetime"]), else_=moment()),
        **{name: effect.of(job, name) for name, effect in step.effects.items()},
        **_given(route),
        "jobstatus": constant(step.target),
        "modificationtime": moment(),
    }


def _given(route: Route) -> dict[str, Any]:
    """Return the columns that the caller sets, as parameters."""
    columns = route.source.__table__.c
    return {
        **({"modificationhost": _host(columns)} if route.each or route.step.verb in PLACED else {}),
        **({} if route.each else {n: bindparam(n, type_=columns[n].type) for n in route.values}),
    }


def _host(columns: Columns) -> ColumnElement[str]:
    return bindparam("host", type_=columns["modificationhost"].type)


def _logged(route: Route, was: Columns) -> CTE:
    """Write into the status log which jobs have changed their state."""
    effects = {n: e.of(was, n) for n, e in route.step.effects.items() if n in LOGGED}
    host = {"modificationhost": _host(route.source.__table__.c)}
    new = {**{name: was[name] for name in LOGGED}, **effects, **host, **_given(route)}
    row = {
        "pandaid": was["pandaid"],
        "jobstatus": constant(route.step.target),
        "modificationtime": moment(),
        "modiftime_extended": moment(),
        **{name: new[name] for name in LOGGED},
    }
    rows = select(*row.values()).where(was["jobstatus"] != row["jobstatus"])
    return insert(JobsStatusLog.__table__).from_select([*row], rows).cte("logged")


@cache
def stamp(step: Transition) -> Select[Any]:
    """Give the files, metadata and parameters of the jobs `pandaids`, which have ended, a time.

    They get into the partition where their jobs are. This is no part of the move: the snapshot of a
    statement is older than the locks that it takes. What the holder of a lock has inserted for the
    job, such as the metadata of its last heartbeat, is seen only by the next statement.
    """
    return select(literal(1)).add_cte(*(_stamped(table, step) for table in SATELLITES))


def _stamped(satellite: Satellite, step: Transition) -> CTE:
    """Give the rows of a table that have no time yet the time `at`.

    What becomes of the files beside says their `fates`.
    """
    table = satellite.__table__
    new: dict[str, Any] = {"modificationtime": bindparam("at", type_=Timestamp())}
    fate = final_status.of(step) if satellite is FilesTable4 else None
    if fate:
        new["status"] = case((fate.is_for(table.c), fate.status), else_=table.c.status)
    return (
        update(table)
        .where(is_given(table.c.pandaid), table.c.modificationtime == EPOCH)
        .values(new)
        .cte(table.name)
    )
