"""Work queues and global shares: in which order work is done."""

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
    """TODO doma_panda.jedi_work_queue."""

    job_side = "work_queue"
    job_link = ("workqueue_id", "queue_id")
    __tablename__ = "jedi_work_queue"
    __table_args__ = (
        UniqueConstraint(
            "queue_name", "queue_type", "vo", name="jedi_work_queue_queue_name_queue_type_vo_key"
        ),
        Index("jedi_work_queue_qfunc_idx", "queue_function", "queue_id"),
    )

    queue_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    queue_name: Mapped[str] = mapped_column(String(32))
    queue_type: Mapped[str] = mapped_column(String(32))
    vo: Mapped[str] = mapped_column(String(32))
    status: Mapped[str | None] = mapped_column(String(64))
    partitionid: Mapped[int | None]
    stretchable: Mapped[SmallInt | None]
    queue_share: Mapped[SmallInt | None]
    queue_order: Mapped[SmallInt | None]
    criteria: Mapped[str | None] = mapped_column(String(256))
    variables: Mapped[str | None] = mapped_column(String(256))
    queue_function: Mapped[str | None] = mapped_column(String(32))

    tasks: Mapped[list[JediTasks]] = related(
        "foreign(JediTasks.workqueue_id) == JediWorkQueue.queue_id", "work_queue"
    )


class JediProcessLock(Base):
    """TODO doma_panda.jedi_process_lock."""

    __tablename__ = "jedi_process_lock"

    vo: Mapped[str] = mapped_column(String(32), primary_key=True)
    prodsourcelabel: Mapped[str] = mapped_column(String(20), primary_key=True)
    workqueue_id: Mapped[int] = mapped_column(primary_key=True)
    cloud: Mapped[str] = mapped_column(String(10), primary_key=True)
    lockedby: Mapped[str | None] = mapped_column(String(56))
    lockedtime: Mapped[datetime | None]
    resource_type: Mapped[str] = mapped_column(String(56), primary_key=True)
    component: Mapped[str] = mapped_column(String(56), primary_key=True)


class GlobalShares(HasJobs, Base):
    """TODO doma_panda.global_shares."""

    job_side = "share"
    job_link = ("gshare", "name")
    __tablename__ = "global_shares"
    __table_args__ = (UniqueConstraint("queue_id", name="global_shares_queue_id_key"),)

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[SmallInt]
    parent: Mapped[str | None] = mapped_column(String(32))
    prodsourcelabel: Mapped[str | None] = mapped_column(String(100))
    workinggroup: Mapped[str | None] = mapped_column(String(100))
    campaign: Mapped[str | None] = mapped_column(String(100))
    processingtype: Mapped[str | None] = mapped_column(String(100))
    vo: Mapped[str | None] = mapped_column(String(32))
    queue_id: Mapped[int | None]
    throttled: Mapped[str | None] = mapped_column(CHAR(1))
    transpath: Mapped[str | None] = mapped_column(String(128))
    rtype: Mapped[str | None] = mapped_column(String(32))

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
    """TODO doma_panda.resource_types."""

    __tablename__ = "resource_types"

    resource_name: Mapped[str] = mapped_column(String(56), primary_key=True)
    mincore: Mapped[int | None]
    maxcore: Mapped[int | None]
    minrampercore: Mapped[int | None]
    maxrampercore: Mapped[int | None]

    command_locks: Mapped[list[HarvesterCommandLock]] = related(
        "foreign(HarvesterCommandLock.resourcetype) == ResourceTypes.resource_name", "resource_type"
    )
    worker_stats: Mapped[list[HarvesterWorkerStats]] = related(
        "foreign(HarvesterWorkerStats.resourcetype) == ResourceTypes.resource_name", "resource_type"
    )
