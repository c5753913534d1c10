"""Locks of the job queue, before those of jobs: control rows by PandaID, then groups by key.

Leases are no part of this order: only their holders wait for them. See `core.queue.leases`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, true

from pandadb.core.control import groups
from pandadb.core.control.dependencies import CANCEL
from pandadb.core.sql.expressions import constant
from pandadb.core.sql.id_arrays import is_among, is_one_of
from pandadb.core.sql.transaction import Lock, refusing_locked
from pandadb.errors import JobsLocked
from pandadb.models import JobControl, JobDependency

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import CTE, Row, Select

    from pandadb.core.sql.transaction import Transaction

CONTROL = JobControl.__table__.c


class ControlLocked(JobsLocked):
    """Other transactions change jobs of the queue that have to do with these: try again."""


refusing_to_wait = partial(refusing_locked, ControlLocked, "job of the queue")


def lock(
    session: Transaction,
    jobs: Collection[int],
    how: Lock = Lock.WAIT,
    *,
    new_groups: Collection[str] = (),
) -> list[int]:
    """Lock the control rows of jobs and of those that follow them, then the groups of all.

    The groups of jobs that the caller is about to submit are `new_groups`, unless it is SKIP.

    Returns those of the jobs that have a control row. Each verb that changes a job of the queue
    calls this first: so two of them never wait for each other. With NOWAIT it is the check that
    the caller has done so. With SKIP a job is left out if others have locked it or a follower.

    Raises:
        ControlLocked: With NOWAIT, or after the lock timeout: others have locked one of them.
    """
    if not jobs:
        return []
    if how is Lock.SKIP:
        return _lock_free(session, jobs)
    seen: dict[int, Row[Any, Any, Any]] = {}
    wanted = {*jobs}
    with refusing_to_wait():
        while wanted:
            found = {row.pandaid: row for row in _locked(session, wanted, how)}
            seen |= found
            grows = any(row.has_children for row in found.values())
            wanted = {*followers(session, wanted)} - {*seen} if grows else set()
        keys = {row.group_key for row in seen.values() if row.group_key}
        groups.lock(session, keys | {*new_groups}, how)
    return [job for job in sorted({*jobs}) if job in seen]


def _lock_free(session: Transaction, jobs: Collection[int]) -> list[int]:
    """Lock jobs with all their followers, where no other transaction has one; return the jobs."""
    with refusing_to_wait():
        got = {row.pandaid: row for row in _locked(session, jobs, Lock.SKIP)}
        below: dict[int, set[int]] = {}
        for job, follower in session.execute(_pairs(jobs)):
            below.setdefault(job, set()).add(follower)
        free = [job for job in sorted(below) if below[job] <= got.keys()]
        mine = {follower for job in free for follower in below[job]}
        groups.lock(session, {key for job in mine if (key := got[job].group_key)})
    return free


def _locked(session: Transaction, jobs: Collection[int], how: Lock) -> Sequence[Row[Any, Any, Any]]:
    """Lock the control rows of jobs and of their followers, in the order of their PandaIDs.

    A child that has been added while this waited for its parent is none of them.
    """
    rows = (
        select(CONTROL.pandaid, CONTROL.group_key, CONTROL.has_children)
        .where(is_one_of(CONTROL.pandaid, select(_reach(jobs).c.pandaid)))
        .order_by(CONTROL.pandaid)
        .with_for_update(nowait=how is Lock.NOWAIT, skip_locked=how is Lock.SKIP)
    )
    return session.execute(rows).all()


def followers(session: Transaction, jobs: Collection[int]) -> list[int]:
    """Return jobs with all that `lock` locks with them."""
    return [*session.scalars(select(_reach(jobs).c.pandaid))]


def _reach(jobs: Collection[int]) -> CTE:
    """Return jobs, their children, and the children of those that may be cancelled with them."""
    edge = JobDependency.__table__
    first = select(CONTROL.pandaid, true().label("ends")).where(is_among(CONTROL.pandaid, jobs))
    reach = first.cte("reach", recursive=True)
    ends = edge.c.on_failure == constant(CANCEL)
    children = select(edge.c.child, ends).join(reach, edge.c.parent == reach.c.pandaid)
    return reach.union(children.where(reach.c.ends))


def _pairs(jobs: Collection[int]) -> Select[int, int]:
    """Select jobs with a control row, each with itself and with each of its followers."""
    edge = JobDependency.__table__
    own = select(CONTROL.pandaid.label("job"), CONTROL.pandaid, true().label("ends"))
    reach = own.where(is_among(CONTROL.pandaid, jobs)).cte("reach", recursive=True)
    ends = edge.c.on_failure == constant(CANCEL)
    children = select(reach.c.job, edge.c.child, ends).join(reach, edge.c.parent == reach.c.pandaid)
    reach = reach.union(children.where(reach.c.ends))
    return select(reach.c.job, reach.c.pandaid)
