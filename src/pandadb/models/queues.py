"""Work queues and global shares, which set the order of work."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CHAR, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import Base, related, sequence
from pandadb.models.jobs.links import HasJobs
from pandadb.models.types import SmallInt

if TYPE_CHECKING:
    from pandadb.models.harvester import HarvesterCommandLock, HarvesterWorkerStats
    from pandadb.models.tasks import JediTasks

JEDI_WORK_QUEUE_SEQ = sequence("jedi_work_queue_id_seq")


class JediWorkQueue(HasJobs, Base):
    """Work queues: parallel pipes in which tasks are processed."""

    job_side = "work_queue"
    job_link = ("workqueue_id", "queue_id")
    __tablename__ = "jedi_work_queue"
    __table_args__ = (
        UniqueConstraint(
            "queue_name", "queue_type", "vo", name="jedi_work_queue_queue_name_queue_type_vo_key"
        ),
        Index("jedi_work_queue_qfunc_idx", "queue_function", "queue_id"),
    )

    queue_id: Mapped[int] = mapped_column(
        primary_key=True,
        autoincrement=False,
        comment="Number of the queue; must differ from those in GLOBAL_SHARES",
    )
    queue_name: Mapped[str] = mapped_column(String(32), comment="Name of the queue")
    queue_type: Mapped[str] = mapped_column(
        String(32), comment="Label of the work that it is for, such as managed or user"
    )
    vo: Mapped[str] = mapped_column(String(32), comment="Virtual organization")
    status: Mapped[str | None] = mapped_column(
        String(64), comment="inactive for a queue that is not used, NULL for an active one"
    )
    partitionid: Mapped[int | None] = mapped_column(
        comment="Group of queues; not used for selection any more"
    )
    stretchable: Mapped[SmallInt | None] = mapped_column(
        comment="Whether the queue may take unused shares; not used for selection any more"
    )
    queue_share: Mapped[SmallInt | None] = mapped_column(
        comment="Share within the group; not used for selection any more"
    )
    queue_order: Mapped[SmallInt | None] = mapped_column(
        comment="Place in which queues are tried, NULL last"
    )
    criteria: Mapped[str | None] = mapped_column(
        String(256), comment="Condition that a task has to meet, empty for all"
    )
    variables: Mapped[str | None] = mapped_column(
        String(256), comment="Values of the condition's names, key:value separated by commas"
    )
    queue_function: Mapped[str | None] = mapped_column(
        String(32), comment="Resource for a queue with a pipe of its own, outside of the shares"
    )

    tasks: Mapped[list[JediTasks]] = related(
        "foreign(JediTasks.workqueue_id) == JediWorkQueue.queue_id", "work_queue"
    )


class JediProcessLock(Base):
    """Locks that agents hold on pieces of the work of a queue."""

    __tablename__ = "jedi_process_lock"

    vo: Mapped[str] = mapped_column(
        String(32), primary_key=True, comment="Virtual organization, default for any"
    )
    prodsourcelabel: Mapped[str] = mapped_column(
        String(20), primary_key=True, comment="Kind of work, default for any"
    )
    workqueue_id: Mapped[int] = mapped_column(primary_key=True, comment="Work queue, 0 for any")
    cloud: Mapped[str] = mapped_column(
        String(10), primary_key=True, comment="Cloud, default for any"
    )
    lockedby: Mapped[str | None] = mapped_column(String(56), comment="Agent that holds the lock")
    lockedtime: Mapped[datetime | None] = mapped_column(comment="Since when")
    resource_type: Mapped[str] = mapped_column(
        String(56), primary_key=True, comment="Type of resource, default for any"
    )
    component: Mapped[str] = mapped_column(
        String(56), primary_key=True, comment="Part of JEDI that the lock is for, default for any"
    )


class GlobalShares(HasJobs, Base):
    """Global shares: a tree of targets that says how much of which work is done."""

    job_side = "share"
    job_link = ("gshare", "name")
    __tablename__ = "global_shares"
    __table_args__ = (UniqueConstraint("queue_id", name="global_shares_queue_id_key"),)

    name: Mapped[str] = mapped_column(String(32), primary_key=True, comment="Name of the share")
    value: Mapped[SmallInt] = mapped_column(comment="Weight among its siblings")
    parent: Mapped[str | None] = mapped_column(
        String(32), comment="Share above it, NULL at the top"
    )
    prodsourcelabel: Mapped[str | None] = mapped_column(
        String(100), comment="Pattern for the kind of work, of a leaf"
    )
    workinggroup: Mapped[str | None] = mapped_column(
        String(100), comment="Pattern for the working group, of a leaf"
    )
    campaign: Mapped[str | None] = mapped_column(
        String(100), comment="Pattern for the campaign, of a leaf"
    )
    processingtype: Mapped[str | None] = mapped_column(
        String(100), comment="Pattern for the processing type, of a leaf"
    )
    vo: Mapped[str | None] = mapped_column(String(32), comment="Virtual organization")
    queue_id: Mapped[int | None] = mapped_column(
        comment="Number as a work queue; must differ from those in JEDI_WORK_QUEUE"
    )
    throttled: Mapped[str | None] = mapped_column(
        CHAR(1), comment="N for a share that JEDI does not throttle"
    )
    transpath: Mapped[str | None] = mapped_column(
        String(128), comment="Pattern for the program, of a leaf"
    )
    rtype: Mapped[str | None] = mapped_column(
        String(32), comment="Pattern for the resource type of the site, of a leaf"
    )

    tasks: Mapped[list[JediTasks]] = related(
        "foreign(JediTasks.gshare) == GlobalShares.name", "share"
    )
    parent_share: Mapped[GlobalShares | None] = related(
        "foreign(GlobalShares.parent) == remote(GlobalShares.name)", "child_shares"
    )
    child_shares: Mapped[list[GlobalShares]] = related(
        "remote(foreign(GlobalShares.parent)) == GlobalShares.name", "parent_share"
    )


class ResourceTypes(Base):
    """Types of resources by cores and memory, e.g. SCORE or MCORE_HIMEM."""

    __tablename__ = "resource_types"

    resource_name: Mapped[str] = mapped_column(
        String(56), primary_key=True, comment="Name of the type"
    )
    mincore: Mapped[int | None] = mapped_column(comment="Fewest cores, NULL for no limit")
    maxcore: Mapped[int | None] = mapped_column(comment="Most cores, NULL for no limit")
    minrampercore: Mapped[int | None] = mapped_column(
        comment="Least memory per core, MB, NULL for no limit"
    )
    maxrampercore: Mapped[int | None] = mapped_column(
        comment="Most memory per core, MB, NULL for no limit"
    )

    command_locks: Mapped[list[HarvesterCommandLock]] = related(
        "foreign(HarvesterCommandLock.resourcetype) == ResourceTypes.resource_name", "resource_type"
    )
    worker_stats: Mapped[list[HarvesterWorkerStats]] = related(
        "foreign(HarvesterWorkerStats.resourcetype) == ResourceTypes.resource_name", "resource_type"
    )
