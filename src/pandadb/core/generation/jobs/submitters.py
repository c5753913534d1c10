"""Users of generated jobs: names, and the number of their calls in USERS. Job generation 3."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from pandadb.core.generation.job_request import (
    TEST_LABELS,
    USER_LABELS,
    NotGenerated,
    Submitter,
)
from pandadb.models import Users

if TYPE_CHECKING:
    from datetime import datetime

    from pandadb.core.generation.slices import Row
    from pandadb.core.sql.transaction import Transaction

USER = Users.__table__.c
FIELDS = re.compile(r"/(DC|O|OU|C|L)=[^/]+")
NUMBERS = re.compile(r"/CN=[0-9]+| [0-9]+|_[0-9]+")
PROXIES = ("/CN=proxy", "/CN=limited proxy", "limited proxy")
SPECIAL = re.compile(r"/CN=(Robot|nickname):[^/]+")
LAST_OF_TWO = re.compile(r".*/CN=([^/]+)/CN=([^/]+)")
MAIL = re.compile(r" [a-z][\w.-]+@[\w.-]+(?:\.\w+)+")


def user_name(identity: str) -> str:
    """Return the name in a distinguished name: what `prodUserName` has of it."""
    name = NUMBERS.sub("", FIELDS.sub("", identity))
    for proxy in PROXIES:
        name = name.replace(proxy, "")
    name = SPECIAL.sub("", name)
    two = LAST_OF_TWO.match(name)
    name = two[2] if two else name.replace("/CN=", "")
    mail = name.lower().find("/email")
    name = name[:mail] if mail > 0 else name
    name = re.sub(r"[()']", "", name)
    without = MAIL.sub("", name).strip()
    return without if " " in without else name


def submitter(session: Transaction, task: Row, when: datetime) -> Submitter:
    """Return the user of a task's jobs, and count the call of users and of tests.

    Raises:
        NotGenerated: The user has no DN, or is disabled.
    """
    label, name = task["prodsourcelabel"], task["username"] or ""
    identity = _identity(session, name) if label == "user" else name
    username = user_name(identity) or identity
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
