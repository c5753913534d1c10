"""Priorities of new jobs of users, and of those that build their libraries: semantics 2.1.

The more jobs a user has, the lower is the priority of the next one. Users and working groups that
the server's CONFIG names have one priority for all.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import ARRAY, String, Text, bindparam, func, select, type_coerce

from pandadb.core.jobs.files.file_status import BUILD, PMERGE
from pandadb.core.sql import id_arrays
from pandadb.models import Config, JobsActive4, JobsDefined4

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction

    Owner = tuple[str, str | None]
    """A user, and the working group of the job."""

USERS = "user"
LABELS = (USERS, BUILD)
FIRST, FIRST_BUILD = 1000, 2000
"""Priorities of a user's first job, and of a job that builds a library."""
JOBS_PER_STEP = 5
"""Jobs of a user that have the same priority, before it falls by one."""
EXPRESS, EXPRESS_BUILD = 6000, 6500
RELEASE_TESTS = {"artprod": 7000}
"""Users whose jobs have a priority of their own: tests of software releases."""
FIXED_FROM = 1500
"""The priority from which on a job keeps its own."""
SCOUT = "sj"
"""The entry of `specialhandling` of jobs that scout for their task."""
HAMMERCLOUD = ("hammercloud", "hammercloud-fax", "gangarobot")
GANGAROBOT = "gangarobot-"
"""`processingtype` of tests of sites, whose number does not matter, and a prefix of such."""
BOOST_SETTING = ("pandaserver", "dbproxy", "USER_JOB_PRIO_BOOST_DICTS")


class Standing(NamedTuple):
    """What the priority of an owner's jobs begins with."""

    jobs: int = 0
    """How many jobs the owner has that have not ended."""
    boost: int | None = None
    """The priority of all of the owner's jobs, if it has one."""


def of_users(
    session: Transaction, jobs: Sequence[Mapping[str, Any]], offset: int | None = None
) -> list[int | None]:
    """Return the priority of each new job; None for jobs that are neither users' nor build.

    With an `offset` that is the priority of all users' jobs, whatever their number.
    """
    owners = [_owner(job) if job.get("prodsourcelabel") in LABELS else None for job in jobs]
    known = {one for one in owners if one}
    if not known:
        return [None] * len(jobs)
    standings = dict.fromkeys(known, Standing(boost=offset))
    if offset is None:
        standings = _standings(session, sorted(known, key=str))
    serials: dict[Owner, int] = defaultdict(int)
    found: list[int | None] = []
    for job, owner in zip(jobs, owners, strict=True):
        if owner is None:
            found.append(None)
            continue
        standing = standings.get(owner, Standing())
        found.append(priority(job, standing, serials[owner]))
        serials[owner] += 1
    return found


def _owner(job: Mapping[str, Any]) -> Owner:
    return job.get("produsername") or "", job.get("workinggroup") or None


def priority(job: Mapping[str, Any], standing: Standing, serial: int) -> int:
    """Return the priority of a user's or a build job, the `serial`-th of its owner in a call."""
    if _is_test(job):
        standing = Standing()
    own = job.get("assignedpriority")
    if own is None:
        own = job.get("currentpriority")
    special = job.get("specialhandling") or ""
    if (fixed := RELEASE_TESTS.get(job.get("produsername") or "")) is not None:
        return fixed
    if job["prodsourcelabel"] == BUILD:
        return EXPRESS_BUILD if "express" in special else FIRST_BUILD + (standing.boost or 0)
    is_scout, is_merge = SCOUT in special.split(","), job.get("processingtype") == PMERGE
    if standing.boost is not None and (own is None or not is_merge):
        return standing.boost + is_scout
    if own is not None and (is_merge or is_scout or own >= FIXED_FROM):
        return int(own)
    if "express" in special:
        return EXPRESS
    return int(FIRST - (standing.jobs + serial) / JOBS_PER_STEP)


def _is_test(job: Mapping[str, Any]) -> bool:
    kind = job.get("processingtype") or ""
    return kind in HAMMERCLOUD or kind.startswith(GANGAROBOT)


def _standings(session: Transaction, owners: Sequence[Owner]) -> dict[Owner, Standing]:
    given = {"users": [user for user, _ in owners], "groups": [group for _, group in owners]}
    rows = session.execute(_counts(), given).all()
    boosts = _boosts(rows[0].setting) if rows else {}
    return {
        (row.user, row.group): Standing(
            row.jobs, boosts.get(("group", row.group) if row.group else ("user", row.user))
        )
        for row in rows
    }


@cache
def _counts() -> Select[Any]:
    """Count the jobs of owners that have not ended, with the setting of the boosts."""
    arrays = {name: bindparam(f"{name}s", type_=ARRAY(String)) for name in ("user", "group")}
    owner = id_arrays.unnested("owner", **arrays).c
    counts = [
        select(func.count())
        .where(
            job.produsername == owner.user,
            job.workinggroup.is_not_distinct_from(owner.group),
            job.prodsourcelabel == USERS,
            job.jobstatus.not_in(("failed", "merging")),
        )
        .correlate(owner.user.table)
        .scalar_subquery()
        for job in (JobsActive4.__table__.c, JobsDefined4.__table__.c)
    ]
    app, component, key = BOOST_SETTING
    setting = select(_text()).filter_by(app=app, component=component, key=key)
    return select(
        owner.user,
        owner.group,
        (counts[0] + counts[1]).label("jobs"),
        setting.limit(1).scalar_subquery().label("setting"),
    )


def _text() -> ColumnElement[str]:
    """Return the text of a setting: those of type json have a column of their own."""
    return func.coalesce(type_coerce(Config.value_json, Text), Config.value)


def _boosts(setting: str | None) -> dict[tuple[str, str | None], int]:
    """Return the boosts by kind and name that have not expired; a malformed one is none."""
    try:
        items = json.loads(setting or "[]")
    except ValueError:
        return {}
    found: dict[tuple[str, str | None], int] = {}
    today = datetime.now(UTC)
    for item in items if isinstance(items, list) else ():
        try:
            expire = item.get("expire")
            if not expire or datetime.strptime(expire, "%Y%m%d").replace(tzinfo=UTC) > today:
                found[item["type"], item["name"]] = int(item["prio"])
        except (AttributeError, KeyError, TypeError, ValueError):
            continue
    return found
