"""Locks of the job queue, before those of jobs: control rows by PandaID, then groups by key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from pandadb.core.control import groups
from pandadb.core.sql.id_arrays import is_among
from pandadb.models import JobControl, JobDependency

if TYPE_CHECKING:
    from collections.abc import Collection

    from pandadb.core.sql.transaction import Transaction

CONTROL, EDGE = JobControl.__table__.c, JobDependency.__table__.c


def lock(session: Transaction, jobs: Collection[int]) -> list[int]:
    """Lock the control rows of jobs and of their children, then the groups of the jobs.

    Returns those of the jobs that have a control row. Each verb that changes a job of the queue
    calls this first: so two of them never wait for each other.
    """
    if not jobs:
        return []
    children = select(EDGE.child).where(is_among(EDGE.parent, jobs))
    rows = session.execute(
        select(CONTROL.pandaid, CONTROL.group_key)
        .where(or_(is_among(CONTROL.pandaid, jobs), CONTROL.pandaid.in_(children)))
        .order_by(CONTROL.pandaid)
        .with_for_update()
    ).all()
    asked = {*jobs}
    mine = [row for row in rows if row.pandaid in asked]
    groups.lock(session, {row.group_key for row in mine if row.group_key is not None})
    return [row.pandaid for row in mine]
