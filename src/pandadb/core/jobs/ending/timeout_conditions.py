"""Conditions of timeouts on a job beside its state and its age, from whichever table has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, case, exists, false, func, literal, or_, select, union_all

from pandadb.core.events.kinds import JobKind
from pandadb.core.sql.expressions import now
from pandadb.models import (
    HarvesterSlots,
    JediWorkQueue,
    JobOutputReport,
    JobsActive4,
    JobsDefined4,
    SchedconfigJSON,
    SiteData,
)
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandadb.core.jobs.ending.server_config import ServerConfig
    from pandadb.core.statemachine.effects import Columns

QUEUED = ("defined", "assigned", "activated", "starting")
NQUEUE = "FAST_REBRO_THRESHOLD_NQUEUE_"


@dataclass(frozen=True)
class Circumstance:
    """A condition on a job, in words and in SQL."""

    words: str
    of: Callable[[Columns, ServerConfig], ColumnElement[bool]]


def labelled(*labels: str) -> Circumstance:
    """Be of one of the kinds of jobs."""
    return Circumstance(
        f"prodsourcelabel is {' or '.join(labels)}",
        lambda job, _config: job["prodsourcelabel"].in_(labels),
    )


def kind(*eventservice: JobKind) -> Circumstance:
    """Be of one of the kinds of event service."""
    return Circumstance(
        f"eventservice is {' or '.join(f'{one:d}' for one in eventservice)}",
        lambda job, _config: job["eventservice"].in_(eventservice),
    )


def urgent(priority: int) -> Circumstance:
    """Have a priority, or a higher one."""
    return Circumstance(
        f"currentpriority is {priority} or more",
        lambda job, _config: job["currentpriority"] >= priority,
    )


def queue(job: Columns, what: str) -> Any:
    """Return a value of the configuration of the job's queue, as text; NULL if it has none."""
    return (
        select(SchedconfigJSON.data[what].as_string())
        .where(SchedconfigJSON.panda_queue == job["computingsite"])
        .scalar_subquery()
    )


def _sleeps(job: Columns) -> ColumnElement[bool]:
    """Whether no job has started at the site for two hours, or its queue is offline or in test."""
    asleep = exists().where(
        SiteData.site == job["computingsite"],
        SiteData.flag == "production",
        SiteData.hours == 3,
        SiteData.laststart < now() - literal(timedelta(hours=2)),
        SiteData.laststart > EPOCH,
    )
    return or_(asleep, queue(job, "status").in_(("offline", "test")))


def _overshoots(job: Columns, config: ServerConfig) -> Any:
    """Whether the job is among the oldest that a site has queued too many of in a global share.

    Queued are more than 3 times those that run, than the share's own limit and than 0.3 of all that
    the share has queued, or as CONFIG says; as many go as bring them down to one of these. Left
    alone are shares without a limit, jobs of work queues whose function is Resource, and queues
    whose slots HARVESTER_SLOTS sets.
    """
    least = config.beginning("rebroker", NQUEUE)
    if not least:
        return false()
    ratio = config.number("rebroker", "FAST_REBRO_THRESHOLD_NQNR_RATIO", 3)
    part = config.number("rebroker", "FAST_REBRO_THRESHOLD_NQUEUE_FRAC", 0.3)
    jobs = union_all(*(_counted(table.__table__.c) for table in (JobsDefined4, JobsActive4)))
    c = jobs.subquery().c
    here = (c.computingsite, c.gshare)
    queued = func.sum(c.queued).over(partition_by=here)
    runs = func.sum(1 - c.queued).over(partition_by=here)
    total = func.sum(c.queued).over(partition_by=c.gshare)
    limit = case({share: literal(number) for share, number in least.items()}, value=c.gshare)
    enough = func.greatest(runs * literal(ratio), limit, total * literal(part))
    nth = func.row_number().over(partition_by=here, order_by=(c.queued.desc(), c.pandaid))
    found = select(
        c.pandaid,
        func.ceil(queued - enough).label("excess"),
        nth.label("nth"),
        limit.label("limit"),
    )
    ranked = found.subquery().c
    oldest = ranked.nth <= ranked.excess
    return job["pandaid"].in_(select(ranked.pandaid).where(ranked.limit.is_not(None), oldest))


def _counted(job: Columns) -> Any:
    """Select the jobs that are queued (1) or run (0), where shares are balanced."""
    special = exists().where(
        JediWorkQueue.queue_id == job["workqueue_id"], JediWorkQueue.queue_function == "Resource"
    )
    by_hand = exists().where(HarvesterSlots.pandaqueuename == job["computingsite"])
    queued = case((job["jobstatus"] == "running", 0), else_=1).label("queued")
    return select(job["pandaid"], job["computingsite"], job["gshare"], queued).where(
        job["jobstatus"].in_((*QUEUED, "running")), ~special, ~by_hand
    )


USERS = labelled("user", "panda")
PRODUCTION = labelled("managed")
NO_REPORT = Circumstance(
    "no report of its pilot waits",
    lambda job, _config: ~exists().where(JobOutputReport.pandaid == job["pandaid"]),
)
RECENTLY_CHANGED = Circumstance(
    "modificationtime is not statechangetime",
    lambda job, _config: job["statechangetime"] != job["modificationtime"],
)
NOT_PAUSED = Circumstance(
    "its queue is not paused",
    lambda job, _config: func.coalesce(queue(job, "status"), "") != "paused",
)
MOVABLE = Circumstance(
    "relocationflag is not 2",
    lambda job, _config: func.coalesce(job["relocationflag"], 0) != 2,
)
SITE_IDLE = Circumstance("its site starts no jobs", lambda job, _config: _sleeps(job))
BUILD_OR_OWN = Circumstance(
    "it is a build job, or not JEDI's",
    lambda job, _config: or_(job["prodsourcelabel"] == "panda", job["lockedby"].is_(None)),
)
NOT_FAKE = Circumstance(
    "it is no placeholder beside a jumbo job",
    lambda job, _config: func.coalesce(job["eventservice"], 0) != JobKind.CO_JUMBO,
)
SHARE_OVERSHOT = Circumstance("its site has too many of its share queued", _overshoots)
