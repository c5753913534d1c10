"""Groups of jobs: no more of a group than its limit are activated or run at once.

A job that could run joins its group. It is admitted when a place is free, the highest priority
first, then the oldest; until then it is throttled. So workers need to know nothing of groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, true, update
from sqlalchemy.dialects.postgresql import insert

from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.transaction import Lock
from pandadb.models import JobControl, JobGroup, JobGroupMember, JobsActive4, JobsDefined4

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pandadb.core.sql.transaction import Transaction

CONTROL, GROUP, MEMBER = (model.__table__.c for model in (JobControl, JobGroup, JobGroupMember))
PLACES = (JobsDefined4, JobsActive4)
"""Tables of jobs that may join a group."""


def of_jobs(session: Transaction, jobs: Collection[int]) -> set[str]:
    """Return the groups of jobs."""
    found = select(CONTROL.group_key).where(is_among(CONTROL.pandaid, jobs)).distinct()
    return {group for group in session.scalars(found) if group is not None}


def lock(session: Transaction, groups: Iterable[str], how: Lock = Lock.WAIT) -> None:
    """Lock groups in the order of their keys; a group without a row has a limit of 1."""
    keys = sorted(set(groups))
    if not keys:
        return
    rows = insert(JobGroup.__table__).values([{"group_key": key} for key in keys])
    session.execute(rows.on_conflict_do_nothing())
    locked = select(GROUP.group_key).where(GROUP.group_key.in_(keys)).order_by(GROUP.group_key)
    session.execute(locked.with_for_update(key_share=True, nowait=how is Lock.NOWAIT)).all()


def join(session: Transaction, jobs: Collection[int]) -> set[str]:
    """Let those of the jobs that have a group join it; return the groups.

    A job that is a member already keeps its place.
    """
    joined: set[str] = set()
    for table in PLACES:
        job = table.__table__.c
        rows = (
            select(job.pandaid, CONTROL.group_key, func.coalesce(job.currentpriority, 0))
            .join(CONTROL.pandaid.table, CONTROL.pandaid == job.pandaid)
            .where(is_among(job.pandaid, jobs), CONTROL.group_key.is_not(None))
        )
        columns = ["pandaid", "group_key", "priority"]
        new = insert(JobGroupMember.__table__).from_select(columns, rows)
        seen = new.on_conflict_do_update(
            index_elements=["pandaid"], set_={"priority": new.excluded.priority}
        )
        joined |= {*session.scalars(seen.returning(MEMBER.group_key))}
    return joined


def waiting(session: Transaction, jobs: Collection[int]) -> set[int]:
    """Return those of the jobs that wait for a place in their group."""
    found = select(MEMBER.pandaid).where(is_among(MEMBER.pandaid, jobs), MEMBER.admitted.is_(False))
    return {*session.scalars(found)}


def occupy(session: Transaction, jobs: Collection[int]) -> None:
    """Give members of groups a place, beyond the limit if so."""
    mine = update(JobGroupMember.__table__).where(is_among(MEMBER.pandaid, jobs))
    session.execute(mine.values(admitted=True))


def leave(session: Transaction, jobs: Collection[int]) -> set[str]:
    """Let jobs leave their groups; return the groups with a place that has become free."""
    gone = (
        delete(JobGroupMember.__table__)
        .where(is_among(MEMBER.pandaid, jobs))
        .returning(MEMBER.group_key, MEMBER.admitted)
    )
    return {group for group, admitted in session.execute(gone) if admitted}


def admit(session: Transaction, groups: Collection[str]) -> list[int]:
    """Admit the next jobs of groups as far as there are places; return them.

    Other transactions that admit to the same groups are waited for.
    """
    lock(session, groups)
    if not groups:
        return []
    member = JobGroupMember.__table__.alias("waiting")
    admitted = (
        select(func.count())
        .select_from(JobGroupMember.__table__)
        .where(MEMBER.group_key == GROUP.group_key, MEMBER.admitted)
        .correlate(JobGroup.__table__)
        .scalar_subquery()
    )
    following = (
        select(member.c.pandaid)
        .where(member.c.group_key == GROUP.group_key, member.c.admitted.is_(False))
        .order_by(member.c.priority.desc(), member.c.pandaid)
        .limit(func.greatest(GROUP.max_running - admitted, 0))
        .lateral("following")
    )
    chosen = (
        select(following.c.pandaid)
        .select_from(GROUP.group_key.table.join(following, true()))
        .where(GROUP.group_key.in_(sorted(groups)))
    )
    taken = (
        update(JobGroupMember.__table__)
        .where(MEMBER.pandaid.in_(chosen))
        .values(admitted=True)
        .returning(MEMBER.pandaid)
    )
    return sorted(session.scalars(taken))


def limit(session: Transaction, group_key: str, max_running: int) -> None:
    """Set how many jobs of a group may be activated or run at once."""
    new = insert(JobGroup.__table__).values(group_key=group_key, max_running=max_running)
    session.execute(
        new.on_conflict_do_update(index_elements=["group_key"], set_={"max_running": max_running})
    )


def members(session: Transaction, jobs: Collection[int]) -> set[int]:
    """Return those of the jobs that are members of a group."""
    found = select(MEMBER.pandaid).where(is_among(MEMBER.pandaid, jobs))
    return {*session.scalars(found)}
