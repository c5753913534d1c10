"""The PanDA queues that work for a share: jobs by state and computing power, from statistics."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, String, any_, bindparam, func, select, union_all

from pandadb.core.shares.ranking import EXECUTING_STATES, QUEUED_STATE
from pandadb.core.sql.transaction import connection_of
from pandadb.models import JobsDefinedShareStats, JobsShareStats, SchedconfigJSON

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction


@dataclass
class QueueUsage:
    """A PanDA queue with jobs of a share."""

    computingsite: str
    status: str | None = None
    """The state of the queue, such as online; None if SCHEDCONFIG_JSON does not have it."""
    jobs: dict[str, int] = field(default_factory=dict)
    """Number of jobs by their state."""
    executing: float = 0.0
    """HS06 of its sent and running jobs."""
    queued: float = 0.0
    """HS06 of its activated jobs."""


def read(session: Transaction, leaves: Iterable[str]) -> list[QueueUsage]:
    """Return the queues with live jobs of some leaves, those that execute most of them first.

    The numbers are those of JOBS_SHARE_STATS and JOBSDEFINED_SHARE_STATS, which are counted once
    a minute.
    """
    found: dict[str, QueueUsage] = {}
    rows = connection_of(session).execute(_query(), {"shares": [*leaves]})
    for site, status, jobstatus, njobs, power in rows:
        usage = found.setdefault(site, QueueUsage(site, status))
        usage.jobs[jobstatus] = int(njobs)
        if jobstatus in EXECUTING_STATES:
            usage.executing += float(power)
        elif jobstatus == QUEUED_STATE:
            usage.queued += float(power)
    return sorted(found.values(), key=lambda one: (-one.executing, -one.queued, one.computingsite))


@cache
def _query() -> Select[Any]:
    shares = bindparam("shares", type_=ARRAY(String))
    parts = []
    for model in (JobsShareStats, JobsDefinedShareStats):
        stats = model.__table__.c
        columns = (stats.computingsite, stats.jobstatus, stats.njobs, stats.hs)
        parts.append(select(*columns).where(stats.gshare == any_(shares)))
    counted = union_all(*parts).subquery("counted").c
    queue = SchedconfigJSON.__table__.c
    site = func.coalesce(counted.computingsite, "")
    status = queue.data["status"].as_string()
    return (
        select(
            site,
            func.min(status),
            counted.jobstatus,
            func.coalesce(func.sum(counted.njobs), 0),
            func.coalesce(func.sum(counted.hs), 0),
        )
        .outerjoin(SchedconfigJSON.__table__, queue.panda_queue == counted.computingsite)
        .group_by(site, counted.jobstatus)
        .order_by(site, counted.jobstatus)
    )
