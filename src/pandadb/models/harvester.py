"""Harvester: the instances that run workers at resources, and what they report."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import Base, related, sequence
from pandadb.models.jobs.links import OfJob
from pandadb.models.types import UTC_NOW, BigInt, SmallInt

if TYPE_CHECKING:
    from pandadb.models.queues import ResourceTypes

HARVESTER_COMMAND_SEQ = sequence("harvester_command_id_seq")


class HarvesterInstances(Base):
    """TODO doma_panda.harvester_instances."""

    __tablename__ = "harvester_instances"

    harvester_id: Mapped[str] = mapped_column(String(50), primary_key=True)
    description: Mapped[str | None] = mapped_column(String(200))
    starttime: Mapped[datetime | None]
    owner: Mapped[str | None] = mapped_column(String(100))
    hostname: Mapped[str | None] = mapped_column(String(100))
    lastupdate: Mapped[datetime | None]
    sw_version: Mapped[str | None] = mapped_column(String(50))
    commit_stamp: Mapped[str | None] = mapped_column(String(100))

    workers: Mapped[list[HarvesterWorkers]] = related(
        "foreign(HarvesterWorkers.harvesterid) == HarvesterInstances.harvester_id", "instance"
    )
    worker_stats: Mapped[list[HarvesterWorkerStats]] = related(
        "foreign(HarvesterWorkerStats.harvester_id) == HarvesterInstances.harvester_id", "instance"
    )
    commands: Mapped[list[HarvesterCommands]] = related(
        "foreign(HarvesterCommands.harvester_id) == HarvesterInstances.harvester_id", "instance"
    )
    command_locks: Mapped[list[HarvesterCommandLock]] = related(
        "foreign(HarvesterCommandLock.harvester_id) == HarvesterInstances.harvester_id", "instance"
    )
    dialogs: Mapped[list[HarvesterDialogs]] = related(
        "foreign(HarvesterDialogs.harvester_id) == HarvesterInstances.harvester_id", "instance"
    )
    metrics: Mapped[list[HarvesterMetrics]] = related(
        "foreign(HarvesterMetrics.harvester_id) == HarvesterInstances.harvester_id", "instance"
    )
    job_relations: Mapped[list[HarvesterRelJobsWorkers]] = related(
        "foreign(HarvesterRelJobsWorkers.harvesterid) == HarvesterInstances.harvester_id",
        "instance",
    )


class HarvesterWorkers(Base):
    """TODO doma_panda.harvester_workers."""

    __tablename__ = "harvester_workers"
    __table_args__ = (
        Index("harv_workers_harv_submtime_idx", "harvesterid", "submittime"),
        Index("harv_workers_lastupd_idx", "lastupdate"),
        Index("harv_workers_submittime_idx", "submittime"),
        Index("harvester_workers_compsite_idx", "computingsite"),
        Index("harvester_workers_status_idx", "status", "pilotstatus"),
        {"postgresql_partition_by": "RANGE (lastupdate)"},
    )

    harvesterid: Mapped[str] = mapped_column(String(50), primary_key=True)
    workerid: Mapped[BigInt] = mapped_column(primary_key=True)
    lastupdate: Mapped[datetime] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(80))
    batchid: Mapped[str | None] = mapped_column(String(80))
    nodeid: Mapped[str | None] = mapped_column(String(80))
    queuename: Mapped[str | None] = mapped_column(String(80))
    computingsite: Mapped[str | None] = mapped_column(String(128))
    submittime: Mapped[datetime | None]
    starttime: Mapped[datetime | None]
    endtime: Mapped[datetime | None]
    ncore: Mapped[int | None]
    errorcode: Mapped[int | None]
    stdout: Mapped[str | None] = mapped_column(String(250))
    stderr: Mapped[str | None] = mapped_column(String(250))
    batchlog: Mapped[str | None] = mapped_column(String(250))
    resourcetype: Mapped[str | None] = mapped_column(String(56))
    nativeexitcode: Mapped[int | None]
    nativestatus: Mapped[str | None] = mapped_column(String(80))
    diagmessage: Mapped[str | None] = mapped_column(String(500))
    computingelement: Mapped[str | None] = mapped_column(String(128))
    njobs: Mapped[int | None]
    submissionhost: Mapped[str | None] = mapped_column(String(128))
    harvesterhost: Mapped[str | None] = mapped_column(String(128))
    jdl: Mapped[str | None] = mapped_column(String(250))
    jobtype: Mapped[str | None] = mapped_column(String(52))
    pilotstarttime: Mapped[datetime | None]
    pilotendtime: Mapped[datetime | None]
    pilotstatus: Mapped[str | None] = mapped_column(String(80))
    pilotstatussynctime: Mapped[datetime | None]
    minramcount: Mapped[int | None]

    instance: Mapped[HarvesterInstances | None] = related(
        "foreign(HarvesterWorkers.harvesterid) == HarvesterInstances.harvester_id", "workers"
    )
    job_relations: Mapped[list[HarvesterRelJobsWorkers]] = related(
        "and_(foreign(HarvesterRelJobsWorkers.harvesterid) == HarvesterWorkers.harvesterid, "
        "foreign(HarvesterRelJobsWorkers.workerid) == HarvesterWorkers.workerid)",
        "worker",
    )


class HarvesterRelJobsWorkers(OfJob, Base):
    """TODO doma_panda.harvester_rel_jobs_workers."""

    job_side = "worker_relations"
    __tablename__ = "harvester_rel_jobs_workers"
    __table_args__ = (
        Index("harv_work_reljobs_lastupd_idx", "lastupdate"),
        Index("harvrel_jobworkers_pandaid_idx", "pandaid"),
        {"postgresql_partition_by": "RANGE (pandaid)"},
    )

    harvesterid: Mapped[str] = mapped_column(String(50), primary_key=True)
    workerid: Mapped[BigInt] = mapped_column(primary_key=True)
    pandaid: Mapped[BigInt] = mapped_column(primary_key=True)
    lastupdate: Mapped[datetime]

    instance: Mapped[HarvesterInstances | None] = related(
        "foreign(HarvesterRelJobsWorkers.harvesterid) == HarvesterInstances.harvester_id",
        "job_relations",
    )
    worker: Mapped[HarvesterWorkers | None] = related(
        "and_(foreign(HarvesterRelJobsWorkers.harvesterid) == HarvesterWorkers.harvesterid, "
        "foreign(HarvesterRelJobsWorkers.workerid) == HarvesterWorkers.workerid)",
        "job_relations",
    )


class HarvesterWorkerStats(Base):
    """TODO doma_panda.harvester_worker_stats."""

    __tablename__ = "harvester_worker_stats"

    harvester_id: Mapped[str] = mapped_column(String(50), primary_key=True)
    computingsite: Mapped[str] = mapped_column(String(128), primary_key=True)
    resourcetype: Mapped[str] = mapped_column(String(56), primary_key=True)
    status: Mapped[str] = mapped_column(String(80), primary_key=True)
    jobtype: Mapped[str] = mapped_column(String(52), primary_key=True)
    n_workers: Mapped[int | None]
    lastupdate: Mapped[datetime]

    instance: Mapped[HarvesterInstances | None] = related(
        "foreign(HarvesterWorkerStats.harvester_id) == HarvesterInstances.harvester_id",
        "worker_stats",
    )
    resource_type: Mapped[ResourceTypes | None] = related(
        "foreign(HarvesterWorkerStats.resourcetype) == ResourceTypes.resource_name", "worker_stats"
    )


class HarvesterCommands(Base):
    """TODO doma_panda.harvester_commands."""

    __tablename__ = "harvester_commands"
    __table_args__ = (
        CheckConstraint("ack_requested IN (0, 1)", name="harvester_commands_ack_req_chk"),
    )

    command_id: Mapped[BigInt] = mapped_column(HARVESTER_COMMAND_SEQ, primary_key=True)
    command: Mapped[str | None] = mapped_column(String(200))
    harvester_id: Mapped[str | None] = mapped_column(String(50))
    ack_requested: Mapped[SmallInt | None]
    creation_date: Mapped[datetime | None]
    status: Mapped[str | None] = mapped_column(String(32))
    status_date: Mapped[datetime | None]
    params: Mapped[str | None] = mapped_column(Text)

    instance: Mapped[HarvesterInstances | None] = related(
        "foreign(HarvesterCommands.harvester_id) == HarvesterInstances.harvester_id", "commands"
    )


class HarvesterCommandLock(Base):
    """TODO doma_panda.harvester_command_lock."""

    __tablename__ = "harvester_command_lock"

    harvester_id: Mapped[str] = mapped_column(String(50), primary_key=True)
    computingsite: Mapped[str] = mapped_column(String(128), primary_key=True)
    resourcetype: Mapped[str] = mapped_column(String(56), primary_key=True)
    command: Mapped[str] = mapped_column(String(200), primary_key=True)
    lockedtime: Mapped[datetime | None]
    lockedby: Mapped[str | None] = mapped_column(String(56))

    instance: Mapped[HarvesterInstances | None] = related(
        "foreign(HarvesterCommandLock.harvester_id) == HarvesterInstances.harvester_id",
        "command_locks",
    )
    resource_type: Mapped[ResourceTypes | None] = related(
        "foreign(HarvesterCommandLock.resourcetype) == ResourceTypes.resource_name", "command_locks"
    )


class HarvesterDialogs(Base):
    """TODO doma_panda.harvester_dialogs."""

    __tablename__ = "harvester_dialogs"
    __table_args__ = (
        Index("harv_dialogs_harv_diagid_idx", "harvester_id", "diagid"),
        Index("harv_dialogs_module_harv_idx", "modulename", "harvester_id"),
        {"postgresql_partition_by": "RANGE (creationtime)"},
    )
    __mapper_args__ = {"primary_key": ["harvester_id", "diagid", "creationtime"]}

    harvester_id: Mapped[str] = mapped_column(String(50))
    diagid: Mapped[BigInt]
    modulename: Mapped[str | None] = mapped_column(String(100))
    identifier: Mapped[str | None] = mapped_column(String(100))
    creationtime: Mapped[datetime]
    messagelevel: Mapped[str | None] = mapped_column(String(10))
    diagmessage: Mapped[str | None] = mapped_column(String(500))

    instance: Mapped[HarvesterInstances | None] = related(
        "foreign(HarvesterDialogs.harvester_id) == HarvesterInstances.harvester_id", "dialogs"
    )


class HarvesterMetrics(Base):
    """TODO doma_panda.harvester_metrics."""

    __tablename__ = "harvester_metrics"
    __table_args__ = (
        Index("harvester_metrics_idx", "harvester_id", "creation_time", "harvester_host"),
        Index("harvester_metrics_ihc_idx", "harvester_id", "harvester_host", "creation_time"),
        {"postgresql_partition_by": "RANGE (creation_time)"},
    )
    __mapper_args__ = {"primary_key": ["harvester_id", "harvester_host", "creation_time"]}

    harvester_id: Mapped[str] = mapped_column(String(50))
    creation_time: Mapped[datetime] = mapped_column(server_default=UTC_NOW)
    harvester_host: Mapped[str | None] = mapped_column(String(100))
    metrics: Mapped[str | None] = mapped_column(String(4000))

    instance: Mapped[HarvesterInstances | None] = related(
        "foreign(HarvesterMetrics.harvester_id) == HarvesterInstances.harvester_id", "metrics"
    )


class HarvesterSlots(Base):
    """TODO doma_panda.harvester_slots."""

    __tablename__ = "harvester_slots"
    __table_args__ = (
        UniqueConstraint(
            "pandaqueuename",
            "gshare",
            "resourcetype",
            name="harvester_slots_pandaqueuename_gshare_resourcetype_key",
        ),
    )
    __mapper_args__ = {"primary_key": ["pandaqueuename", "gshare", "resourcetype"]}

    pandaqueuename: Mapped[str] = mapped_column(String(128))
    gshare: Mapped[str | None] = mapped_column(String(32))
    resourcetype: Mapped[str | None] = mapped_column(String(56))
    numslots: Mapped[BigInt]
    modificationtime: Mapped[datetime]
    expirationtime: Mapped[datetime | None]
