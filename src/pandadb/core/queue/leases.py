"""Leases of jobs: a worker has a job as long as its token is the one in JOB_LEASE.

The holder locks its lease before the job. All others lock the job first, so they never wait for a
lease: they skip it if it is locked, and the holder sees that the job has gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Float,
    Select,
    bindparam,
    delete,
    exists,
    func,
    not_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import Insert, insert

from pandadb.core.control.followers import has_followers
from pandadb.core.control.locks import refusing_to_wait
from pandadb.core.jobs.effects import NO_END_COMMAND
from pandadb.core.jobs.states import WITH_WORKER
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import interval, now
from pandadb.core.sql.id_arrays import (
    array,
    is_among,
    is_given,
    is_hashed_in,
    is_one_of,
    unnested,
)
from pandadb.core.sql.prepared import send
from pandadb.errors import PandaDBError
from pandadb.models import JobControl, JobLease, JobParamsTable, JobsActive4
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import CTE, ColumnElement

    from pandadb.core.sql.transaction import Transaction

LEASE, CONTROL, JOB, PARAMS = (
    m.__table__.c for m in (JobLease, JobControl, JobsActive4, JobParamsTable)
)
DEFAULT_SECONDS = 60.0
"""Seconds of a lease; its worker renews it every third of that."""
MIN_SECONDS, MAX_SECONDS = 0.1, 7 * 24 * 3600.0


class LeaseLost(PandaDBError):
    """The job is no longer this worker's: the lease has expired, or the job has ended."""


@dataclass(frozen=True)
class Lease:
    """A job that a worker has, until a time and by a token."""

    pandaid: int
    token: int
    until: datetime
    """Naive UTC."""
    owner: str
    queue: str
    kind: str
    """The kind of its payload: argv, handler or none."""
    attemptnr: int
    maxattempt: int
    public_id: str
    name: str | None
    jeditaskid: int | None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """The payload: see `NewQueueJob`."""


@dataclass(frozen=True)
class Beat:
    """The answer to a heartbeat of a lease."""

    until: datetime | None
    """The new end of the lease (naive UTC); None if it is lost."""
    cancel_requested: bool = False
    token: int | None = None
    """The token of the lease that is kept; a worker may have an older one of the job, too."""

    @property
    def is_lost(self) -> bool:
        """Return whether the job is no longer the worker's."""
        return self.until is None

    def keeps(self, lease: Lease) -> bool:
        """Return whether a lease of the job is kept: older ones of the same job are lost."""
        return self.token == lease.token


def lost(pandaid: int) -> LeaseLost:
    """Return the error of a job with a lease that is not the caller's any more."""
    return LeaseLost(f"Job {pandaid} is no longer this worker's: nothing was changed")


def parameters(leases: Collection[Lease]) -> dict[str, Any]:
    """Return the parameters of statements for leases."""
    ordered = sorted(leases, key=lambda one: one.pandaid)
    return {
        "pandaids": id_arrays.written(one.pandaid for one in ordered),
        "tokens": id_arrays.written(one.token for one in ordered),
    }


def _are_held() -> list[ColumnElement[bool]]:
    """Match the leases of the caller: by the index of their jobs, and the tokens by a hash table.

    Not by a join: the planner often knows this table as empty, as it was when it was analysed, and
    would compare each lease with each.
    """
    given = unnested("given", pandaid=array("pandaids"), token=array("tokens"))
    held = tuple_(LEASE.pandaid, LEASE.token)
    return [is_given(LEASE.pandaid), is_hashed_in(held, select(given.c.pandaid, given.c.token))]


def storing(rows: Select[*tuple[Any, ...]], *, replaces: bool = True) -> Insert:
    """Return the statement that stores leases: rows of PandaID, token, end and owner.

    A lease that is left of an earlier worker is replaced, or its job is left to its holder.
    """
    new = insert(JobLease.__table__).from_select(["pandaid", "token", "until", "owner"], rows)
    if not replaces:
        return new.on_conflict_do_nothing()
    changes = {name: new.excluded[name] for name in ("token", "until", "owner")}
    return new.on_conflict_do_update(index_elements=["pandaid"], set_=changes)


def payload(pandaid: ColumnElement[int]) -> ColumnElement[Any]:
    """Return the parameters of a live job, as text."""
    own = select(PARAMS.jobparameters)
    return own.where(PARAMS.pandaid == pandaid, PARAMS.modificationtime == EPOCH).scalar_subquery()


def closing(*conditions: ColumnElement[bool]) -> CTE:
    """Return the part of a statement that ends leases of the caller, and has their `pandaid`s."""
    gone = delete(JobLease.__table__).where(*_are_held(), *conditions)
    return gone.returning(LEASE.pandaid).cte("closed")


@cache
def _closing() -> Select[Any]:
    closed = closing()
    followed = exists().where(CONTROL.pandaid == closed.c.pandaid, has_followers())
    return select(closed.c.pandaid, followed)


def close(session: Transaction, leases: Sequence[Lease]) -> dict[int, bool]:
    """End leases; return the jobs of those that were the callers', and whether others follow them.

    Jobs that are missing in the result have been lost: nothing was changed of them.
    """
    return dict(send(session, _closing(), parameters(leases)))


@cache
def _renewing() -> Select[Any]:
    """Renew the leases without a lock: the holder of a lock is about to end or begin the job.

    So a heartbeat waits for no lock, and no stopped process can keep it from the other jobs.
    """
    seconds = bindparam("seconds", type_=Float)
    free = (
        select(LEASE.pandaid)
        .where(*_are_held())
        .with_for_update(of=JobLease.__table__, skip_locked=True)
        .cte("free")
    )
    until = now() + interval(seconds)
    renewed = (
        update(JobLease.__table__)
        .where(is_one_of(LEASE.pandaid, select(free.c.pandaid)))
        .values(until=until)
        .returning(LEASE.pandaid, LEASE.until)
        .cte("renewed")
    )
    told = not_(NO_END_COMMAND.of(JOB))
    # the lease of a job that has ended is lost
    mine = LEASE.pandaid.table.join(JOB.pandaid.table, JOB.pandaid == LEASE.pandaid)
    mine = mine.outerjoin(renewed, renewed.c.pandaid == LEASE.pandaid)
    new = func.coalesce(renewed.c.until, LEASE.until)
    return select(LEASE.pandaid, new, told, LEASE.token).select_from(mine).where(*_are_held())


def renew(session: Transaction, leases: Sequence[Lease], seconds: float) -> dict[int, Beat]:
    """Renew leases from now on; return the answer for each job, for the lease that is kept."""
    rows = send(session, _renewing(), {**parameters(leases), "seconds": seconds})
    found = {pandaid: Beat(*answer) for pandaid, *answer in rows}
    return {one.pandaid: found.get(one.pandaid, Beat(None)) for one in leases}


def holders(session: Transaction, leases: Sequence[Lease]) -> list[int]:
    """Lock leases; return the jobs of those that are the callers'.

    Raises:
        ControlLocked: A verb has locked one of them for longer than the lock timeout.
    """
    mine = select(LEASE.pandaid).where(*_are_held()).order_by(LEASE.pandaid)
    locked = mine.with_for_update(of=JobLease.__table__)
    with refusing_to_wait():
        return [*session.scalars(locked, parameters(leases))]


def end_lost(session: Transaction, jobs: Collection[int]) -> list[int]:
    """End the leases of those of some jobs that no worker can have any more; return those jobs."""
    if not jobs:
        return []
    kept = select(JOB.pandaid).where(is_among(JOB.pandaid, jobs), JOB.jobstatus.in_(WITH_WORKER))
    lost = {*jobs} - {*session.scalars(kept)}
    session.execute(delete(JobLease.__table__).where(is_among(LEASE.pandaid, lost)))
    return sorted(lost)
