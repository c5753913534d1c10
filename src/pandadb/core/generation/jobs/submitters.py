"""Users of generated jobs: names, and the number of their calls in USERS. Job generation 3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from pandadb.core.generation.job_request import (
    TEST_LABELS,
    USER_LABELS,
    NotGenerated,
    Submitter,
)
from pandadb.core.tasks.user_names import short_name
from pandadb.models import Users

if TYPE_CHECKING:
    from datetime import datetime

    from pandadb.core.generation.slices import Row
    from pandadb.core.sql.transaction import Transaction

USER = Users.__table__.c


def submitter(session: Transaction, task: Row, when: datetime) -> Submitter:
    """Return the user of a task's jobs, and count the call of users and of tests.

    Raises:
        NotGenerated: The user has no DN, or is disabled.
    """
    label, name = task["prodsourcelabel"], task["username"] or ""
    identity = _identity(session, name) if label == "user" else name
    username = short_name(identity)
    if label not in (*USER_LABELS, *TEST_LABELS):
        return Submitter(identity, username)
    return Submitter(identity, username, _count(session, username, when))


def _identity(session: Transaction, name: str) -> str:
    found = session.scalar(select(USER.dn).where(USER.name == name).order_by(USER.id).limit(1))
    if not found:
        raise NotGenerated(f"user {name} has no DN in USERS")
    return str(found)


def _count(session: Transaction, name: str, when: datetime) -> int:
    """Return the number of the user's call, one more than the last."""
    row = session.execute(
        select(USER.id, USER.status).where(USER.name == name).order_by(USER.id).with_for_update()
    ).first()
    if row is None:
        times = dict.fromkeys(("lastmod", "firstjob", "latestjob", "cachetime"), when)
        new = {"name": name, **times, "ncurrent": 0, "jobid": 2}
        session.execute(Users.__table__.insert(), new)
        return 2
    if row.status == "disabled":
        raise NotGenerated(f"user {name} is disabled")
    counted = update(Users.__table__).where(USER.name == name)
    counted = counted.values(jobid=func.coalesce(USER.jobid, 0) + 1)
    return int(session.execute(counted.returning(USER.jobid)).scalars().first() or 0)
