"""One transition of jobs out of one table as one statement: datasets locked, jobs moved, logged."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    and_,
    bindparam,
    case,
    cast,
    delete,
    except_,
    false,
    func,
    insert,
    not_,
    null,
    select,
    true,
    union_all,
    update,
)
from typing_extensions import override

from pandadb.core.control import notices
from pandadb.core.control.followers import CONTROL, has_followers
from pandadb.core.jobs import lock_order
from pandadb.core.jobs.effects import BY_EVENTS, HAS_QUEUED_TIME, IS_CLONE
from pandadb.core.jobs.ending import energy
from pandadb.core.jobs.files import final_status
from pandadb.core.jobs.files.file_status import BUILD, PMERGE
from pandadb.core.jobs.states import JOBS, is_end
from pandadb.core.sql.expressions import constant
from pandadb.core.sql.id_arrays import by_id, is_given, is_one_of
from pandadb.core.sql.prepared import CACHE_SIZE
from pandadb.core.statemachine import statement as machine_statement
from pandadb.core.statemachine.effects import moment
from pandadb.core.statemachine.statement import Carrying
from pandadb.models import FilesTable4, JobLease, JobsStatusLog
from pandadb.models.jobs.all_tables import SATELLITES
from pandadb.models.types import EPOCH, Timestamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import CTE, ColumnElement, Select

    from pandadb.core.sql.transaction import Lock
    from pandadb.core.statemachine.effects import Columns
    from pandadb.core.statemachine.machine import Machine, Transition
    from pandadb.models.jobs.all_tables import JobTable, Satellite

    Condition = Callable[[JobTable], ColumnElement[bool]]

LOGGED_COLUMNS = ("prodsourcelabel", "cloud", "computingsite", "modificationhost")
HOST_VERBS = ("dispatch", "heartbeat", "reset")
"""Verbs that set `modificationhost`; so does each heartbeat. The others leave the job its node."""
PICKED_COLUMNS = ("pandaid", "jobstatus", *LOGGED_COLUMNS)
"""Columns of the picked jobs that the rest of the statement needs."""

TRACKED_COLUMNS = ("lockedby", "specialhandling", "jeditaskid", "processingtype", "starttime")
"""Columns on which the consequences of a move depend."""


class MovedJob(NamedTuple):
    """A job that has moved."""

    pandaid: int
    before: str
    """The state that it was in."""
    has_files: bool
    """Whether one of the jobs that moved with it has files in datasets, which are locked."""
    builds: bool
    """Whether it has failed to build a library."""
    is_jedis: bool
    """Whether it is JEDI's (`lockedby`); only of accounted jobs."""
    counted_task: int | None
    """The task of JEDI's that counts it, if it finishes."""
    is_timed: bool
    """Whether it has the time at which its task was queued; only of accounted jobs that end."""
    is_clone: bool
    """Whether it is a clone; only of accounted jobs that end."""
    is_measured: bool
    """Whether it has run and the use of energy of its queue may be known; only of accounted jobs
    that end."""
    at: datetime
    """When it moved."""


@dataclass(frozen=True)
class Route(Carrying):
    """A transition of jobs, where they are and go, the columns that the caller sets, the locks."""

    accounted: bool = False
    """Whether the datasets of the jobs are locked before them; only for jobs by their ids."""
    spares_events: bool = False
    """Whether jobs stay if their end depends on ranges of events, as that of clones does."""
    machine: Machine[JobTable] = field(default=JOBS, kw_only=True)

    @override
    def given_values(self) -> dict[str, Any]:
        """Return the columns that are set for all jobs alike, `modificationhost` included."""
        is_placed = self.each or self.step.verb in HOST_VERBS
        host = {"modificationhost": _host(self.source.__table__.c)} if is_placed else {}
        return {**host, **super().given_values()}


@lru_cache(CACHE_SIZE)
def prepared(route: Route) -> Select[Any]:
    """Return the statement for jobs by their ids; cached, since 127 columns take their time."""
    return statement(route, by_id)


def statement(route: Route, chosen: Condition, closed: CTE | None = None) -> Select[Any]:
    """Return the statement that moves the jobs; its rows are `MovedJob`s.

    The parameters are the columns that the caller sets, and `host`. The jobs may be those whose
    leases are `closed` by the statement before all else: then there are rows for those of them
    that have not moved, with nothing but the PandaID.
    """
    locked = _locked(route.lock) if route.accounted else None
    # as conditions of the jobs, so that they are evaluated before these are locked
    before = [] if locked is None else [locked >= 0]
    if closed is not None:
        before.insert(0, select(func.count()).select_from(closed).scalar_subquery() >= 0)
    if route.spares_events:
        before.append(not_(func.coalesce(BY_EVENTS.of(route.source.__table__.c), false())))
    columns = (*PICKED_COLUMNS, *TRACKED_COLUMNS)
    picked = machine_statement.picked(route, columns, chosen(route.source), *before)
    has_files = false() if locked is None else locked > 0
    builds = picked.c.prodsourcelabel == BUILD if route.step.target == "failed" else false()
    tracked = _tracked(picked.c, route) if route.accounted else [false(), null(), *[false()] * 3]
    said = [picked.c.pandaid, picked.c.jobstatus, has_files, builds, *tracked, moment()]
    what = [column.label(name) for name, column in zip(MovedJob._fields, said, strict=True)]
    if closed is None:
        return select(*what).add_cte(*moving(route, picked))
    left = except_(select(closed.c.pandaid), select(picked.c.pandaid)).subquery("left_behind")
    nothing = [cast(null(), column.type) for column in what[1:]]
    both = union_all(select(*what), select(left.c.pandaid, *nothing)).subquery("both")
    return select(*both.c).add_cte(*moving(route, picked))


def _tracked(job: Columns, route: Route) -> list[ColumnElement[Any]]:
    """Return whether a job is JEDI's, its task, whether it is timed, a clone, and measured."""
    if not is_end(route.step):
        return [_is_jedis(job), null(), false(), false(), false()]
    guards = (func.coalesce(one.of(job), false()) for one in (HAS_QUEUED_TIME, IS_CLONE))
    measured = and_(_has_begun(job, route), energy.is_measured(job))
    return [_is_jedis(job), _counted_task(job), *guards, measured]


def _has_begun(job: Columns, route: Route) -> ColumnElement[bool]:
    """Return whether a job that ends has a start: one that never ran has used no energy."""
    if "starttime" in route.values:
        return true()
    effect = route.step.effects.get("starttime")
    start = effect.of(job, "starttime") if effect else job["starttime"]
    return func.coalesce(start > EPOCH, false())


def _counted_task(job: Columns) -> ColumnElement[Any]:
    """Return the task of a job of JEDI's that neither builds a library nor merges outputs."""
    is_counted = and_(
        _is_jedis(job),
        func.coalesce(job["prodsourcelabel"], constant("")) != constant(BUILD),
        func.coalesce(job["processingtype"], constant("")) != constant(PMERGE),
    )
    return case((is_counted, job["jeditaskid"]), else_=null())


def _is_jedis(job: Columns) -> ColumnElement[bool]:
    return func.coalesce(job["lockedby"] == constant("jedi"), false())


def _locked(how: Lock) -> ColumnElement[int]:
    """Return the number of datasets that are locked for the jobs; the statement has it twice."""
    return (
        select(func.count()).select_from(lock_order.datasets(how).cte("locked")).scalar_subquery()
    )


def moving(route: Route, picked: CTE) -> list[CTE]:
    """Return the parts that move jobs that are picked and locked, and log their new states."""
    parts = machine_statement.moving(route, picked)
    return [*parts.ctes, _logged(route, parts.was)]


def _host(columns: Columns) -> ColumnElement[str]:
    return bindparam("host", type_=columns["modificationhost"].type)


def _logged(route: Route, was: Columns) -> CTE:
    """Insert the jobs that have changed their state into the status log."""
    effects = {n: e.of(was, n) for n, e in route.step.effects.items() if n in LOGGED_COLUMNS}
    host = {"modificationhost": _host(route.source.__table__.c)}
    new = {
        **{name: was[name] for name in LOGGED_COLUMNS},
        **effects,
        **host,
        **route.given_values(),
    }
    row = {
        "pandaid": was["pandaid"],
        "jobstatus": constant(route.step.target),
        "modificationtime": moment(),
        "modiftime_extended": moment(),
        **{name: new[name] for name in LOGGED_COLUMNS},
    }
    rows = select(*row.values()).where(was["jobstatus"] != row["jobstatus"])
    return insert(JobsStatusLog.__table__).from_select([*row], rows).cte("logged")


@cache
def stamp(step: Transition, *, releases: bool = True) -> Select[Any]:
    """Set the time of the files, metadata and parameters of the jobs `pandaids`, which have ended.

    With it they are in the partition of their day. This is no part of the move: the snapshot of a
    statement is older than the locks that it takes. Rows that the holder of a lock has inserted for
    the job, such as the metadata of its last heartbeat, are visible only to the next statement.
    Leases of the jobs are deleted, unless their holders have locked them (FOR UPDATE): those wait
    for the jobs, and end their leases when they see that the jobs have ended; with `releases` False
    all have been ended before. The statement returns jobs that have failed with inputs that were
    moved by a dispatch block, with False, and controlled jobs with followers, with True. While
    there are listeners, they are notified: that is a row without a job.
    """
    files, *others = (_stamped(table, step) for table in SATELLITES)
    if releases:
        others.append(_released())
    controlled = select(CONTROL.pandaid, true()).where(is_given(CONTROL.pandaid), has_followers())
    notified = select(cast(null(), BigInteger), notices.notified()).where(notices.has_listeners())
    if step.target != "failed":
        both = union_all(controlled, notified).subquery("both")
        return select(*both.c).add_cte(files, *others)
    is_dispatched = and_(files.c.type == "input", files.c.dispatchdblock != "")
    dispatched = select(files.c.pandaid, false()).where(is_dispatched).distinct()
    both = union_all(controlled, dispatched, notified).subquery("both")
    return select(*both.c).add_cte(*others)


def _released() -> CTE:
    """Delete leases, unless their holders have locked them."""
    lease = JobLease.__table__
    free = select(lease.c.pandaid).where(is_given(lease.c.pandaid))
    free = free.with_for_update(read=True, key_share=True, skip_locked=True)
    return delete(lease).where(is_one_of(lease.c.pandaid, free)).cte("released")


def _stamped(satellite: Satellite, step: Transition) -> CTE:
    """Set the time `at` on those rows of a table that have none yet."""
    table = satellite.__table__
    stamped = (
        update(table)
        .where(is_given(table.c.pandaid), table.c.modificationtime == EPOCH)
        .values(_end(satellite, step))
    )
    if satellite is FilesTable4 and step.target == "failed":
        stamped = stamped.returning(table.c.pandaid, table.c.type, table.c.dispatchdblock)
    return stamped.cte(table.name)


def _end(satellite: Satellite, step: Transition) -> dict[str, Any]:
    """Return the columns of a satellite of a job that ends; files get their final state."""
    table = satellite.__table__
    new: dict[str, Any] = {"modificationtime": bindparam("at", type_=Timestamp())}
    fate = final_status.of(step) if satellite is FilesTable4 else None
    if fate:
        new["status"] = case((fate.is_for(table.c), fate.status), else_=table.c.status)
    return new


@cache
def with_files() -> Select[Any]:
    """Select those of the jobs `pandaids` that have files in the partition of live jobs."""
    file = FilesTable4.__table__.c
    chosen = is_given(file.pandaid), file.modificationtime == EPOCH
    return select(file.pandaid).where(*chosen).distinct()


@cache
def gather(step: Transition) -> Select[Any]:
    """Bring the files of the jobs `pandaids`, wherever they are, to the partition of their jobs.

    That is the partition of 1970, or with the time `at` the one of the day on which they end.
    """
    file, at = FilesTable4.__table__, bindparam("at", type_=Timestamp())
    if is_end(step):
        found, new = [file.c.modificationtime < at], _end(FilesTable4, step)
    else:
        found, new = [], {"modificationtime": EPOCH}
    gathered = (
        update(file)
        .where(is_given(file.c.pandaid), file.c.modificationtime > EPOCH, *found)
        .values(new)
        .returning(file.c.pandaid)
        .cte("gathered")
    )
    return select(gathered.c.pandaid)
