"""Users of jobs: names, the number of their calls, and the priorities of their jobs.

Job generation 3. `USERS.jobid` counts the calls of a user, kept there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from pandadb.core.generation.job_request import (
    TEST_LABELS,
    USER_LABELS,
    NotGenerated,
    Submitter,
)
from pandadb.models import JobsActive4, JobsDefined4, Users

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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
TEST_PROCESSES = re.compile(r"hammercloud|hammercloud-fax|gangarobot|gangarobot-.*")
"""`processingType` of tests, whose jobs all have the first priority."""
ENDED = ("failed", "merging")
SUPER_USER = "s"
"""The letter in GRIDPREF of a group whose jobs go first."""
SUPER_PRIORITY = 2000
BOOSTS = ("dbproxy", "USER_JOB_PRIO_BOOST_DICTS")
"""The setting with users and groups whose jobs have a priority of their own."""
ART = "artprod"
"""A user whose jobs all have one priority."""
TOP, JUMPS, BUILD, ART_PRIORITY = 1000, 1500, 2000, 7000
"""Priorities: of a user's first job; from which on they do not go down; of builds; of ART."""


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


def submitter(
    session: Transaction, task: Row, settings: Mapping[tuple[str, str], Any], when: datetime
) -> Submitter:
    """Return the user of a task's jobs, and count the call of users and of tests.

    Raises:
        NotGenerated: The user has no DN, or is disabled.
    """
    label, name = task["prodsourcelabel"], task["username"] or ""
    identity = _identity(session, name) if label == "user" else name
    username = user_name(identity) or identity
    if label not in (*USER_LABELS, *TEST_LABELS):
        return Submitter(identity, username)
    jobid = _count(session, username, when)
    if label not in USER_LABELS:
        return Submitter(identity, username)
    return Submitter(identity, username, jobid, *_priority(session, task, username, settings, when))


def current_priority(job: Mapping[str, Any], who: Submitter, index: int) -> int:
    """Return the priority of the job of a user's call with that index."""
    label, assigned = job["prodsourcelabel"], int(job["assignedpriority"])
    scouts = "sj" in (job["specialhandling"] or "").split(",")
    if label not in USER_LABELS:
        return assigned
    if who.username == ART:
        return ART_PRIORITY
    if label == "panda":
        return BUILD + who.priority_offset
    if job["processingtype"] == "pmerge":
        return assigned
    if who.is_boosted:
        return who.priority_offset + scouts
    if scouts or assigned >= JUMPS:
        return assigned
    return int(TOP + who.priority_offset - (who.queued + index) / 5)


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


def _priority(
    session: Transaction,
    task: Row,
    name: str,
    settings: Mapping[tuple[str, str], Any],
    when: datetime,
) -> tuple[int, int, bool]:
    """Return the offset of the user's priorities, the jobs that count, and if they are boosted."""
    group = task["workinggroup"]
    if TEST_PROCESSES.fullmatch(task["processingtype"] or ""):
        return 0, 0, False
    boost = _boost(settings.get(BOOSTS), "group" if group else "user", group or name, when)
    if boost is not None:
        return boost, 0, True
    if group and _is_super(session, group):
        return SUPER_PRIORITY, 0, False
    return 0, _queued(session, name, group), False


def _boost(given: Any, kind: str, name: str, when: datetime) -> int | None:
    for entry in given if isinstance(given, list) else ():
        if isinstance(entry, dict) and (entry.get("type"), entry.get("name")) == (kind, name):
            expires = str(entry.get("expire") or "")
            if not expires or expires > when.strftime("%Y%m%d"):
                return int(entry.get("prio") or 0)
    return None


def _is_super(session: Transaction, group: str) -> bool:
    rights = session.scalar(select(USER.gridpref).where(USER.name == user_name(group)).limit(1))
    return SUPER_USER in (rights or "")


def _queued(session: Transaction, name: str, group: str | None) -> int:
    """Count the jobs of a user, or of a user in a group, that have not ended."""
    counts: Sequence[Any] = [
        select(func.count())
        .select_from(job.__table__)
        .where(
            job.produsername == name,
            job.prodsourcelabel == "user",
            job.workinggroup.is_(None) if group is None else job.workinggroup == group,
            job.jobstatus.not_in(ENDED),
        )
        .scalar_subquery()
        for job in (JobsActive4, JobsDefined4)
    ]
    return int(session.scalar(select(counts[0] + counts[1])) or 0)
