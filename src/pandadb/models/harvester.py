"""Harvester: the instances that run workers at resources, and their reports."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import PANDADB, Base, related, sequence
from pandadb.models.jobs.links import OfJob
from pandadb.models.types import UTC_NOW, BigInt, SmallInt

if TYPE_CHECKING:
    from pandadb.models.queues import ResourceTypes

HARVESTER_COMMAND_SEQ = sequence("harvester_command_id_seq")


class HarvesterInstances(Base):
    """Registered Harvester instances and their last heartbeat."""

    __tablename__ = "harvester_instances"

    harvester_id: Mapped[str] = mapped_column(
        String(50), primary_key=True, comment="Name of the instance, the key"
    )
    description: Mapped[str | None] = mapped_column(
        String(200),
        comment="Free text, automatic if the instance was registered by its first heartbeat",
    )
    starttime: Mapped[datetime | None] = mapped_column(comment="Time the instance was started")
    owner: Mapped[str | None] = mapped_column(
        String(100), comment="User, as a DN or name, whose credentials sent the heartbeat"
    )
    hostname: Mapped[str | None] = mapped_column(
        String(100), comment="Host the heartbeat came from"
    )
    lastupdate: Mapped[datetime | None] = mapped_column(comment="Time of the last heartbeat")
    sw_version: Mapped[str | None] = mapped_column(
        String(50), comment="Version of the Harvester software"
    )
    commit_stamp: Mapped[str | None] = mapped_column(
        String(100), comment="Commit the Harvester software was built from"
    )

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
    """Workers, the batch jobs or pilots that Harvester submits."""

    __tablename__ = "harvester_workers"
    __table_args__ = (
        Index("harv_workers_harv_submtime_idx", "harvesterid", "submittime"),
        Index("harv_workers_lastupd_idx", "lastupdate"),
        Index("harv_workers_submittime_idx", "submittime"),
        Index("harvester_workers_compsite_idx", "computingsite"),
        Index("harvester_workers_status_idx", "status", "pilotstatus"),
        {"postgresql_partition_by": "RANGE (lastupdate)"},
    )

    harvesterid: Mapped[str] = mapped_column(
        String(50), primary_key=True, comment="Harvester instance, HARVESTER_INSTANCES"
    )
    workerid: Mapped[BigInt] = mapped_column(
        primary_key=True, comment="Number of the worker, unique within its Harvester instance"
    )
    lastupdate: Mapped[datetime] = mapped_column(
        primary_key=True, comment="Time of the last update by the server; also the partition key"
    )
    status: Mapped[str] = mapped_column(
        String(80),
        comment=(
            "State of the worker: submitted, ready, running, idle, finished, failed, cancelled or "
            "missed"
        ),
    )
    batchid: Mapped[str | None] = mapped_column(
        String(80), comment="Identifier of the worker in the batch system"
    )
    nodeid: Mapped[str | None] = mapped_column(
        String(80), comment="Host the worker runs on, as reported by the pilot or Harvester"
    )
    queuename: Mapped[str | None] = mapped_column(String(80), comment="Queue of the batch system")
    computingsite: Mapped[str | None] = mapped_column(
        String(128), comment="PanDA queue the worker serves, SCHEDCONFIG_JSON"
    )
    submittime: Mapped[datetime | None] = mapped_column(comment="Time the worker was submitted")
    starttime: Mapped[datetime | None] = mapped_column(
        comment="Time the worker started, as Harvester saw it"
    )
    endtime: Mapped[datetime | None] = mapped_column(
        comment="Time the worker ended, as Harvester saw it"
    )
    ncore: Mapped[int | None] = mapped_column(comment="Number of cores of the worker")
    errorcode: Mapped[int | None] = mapped_column(
        comment="Harvester error code, copied to supErrorCode of its unfinished jobs"
    )
    stdout: Mapped[str | None] = mapped_column(
        String(250), comment="Address of the standard output"
    )
    stderr: Mapped[str | None] = mapped_column(String(250), comment="Address of the standard error")
    batchlog: Mapped[str | None] = mapped_column(
        String(250), comment="Address of the log of the batch system"
    )
    resourcetype: Mapped[str | None] = mapped_column(
        String(56), comment="Resource type of the worker, RESOURCE_TYPES"
    )
    nativeexitcode: Mapped[int | None] = mapped_column(
        comment="Exit code given by the batch system"
    )
    nativestatus: Mapped[str | None] = mapped_column(
        String(80), comment="State as named by the batch system"
    )
    diagmessage: Mapped[str | None] = mapped_column(
        String(500), comment="Diagnostic message, usually why the worker failed"
    )
    computingelement: Mapped[str | None] = mapped_column(
        String(128), comment="Computing element the worker was submitted to"
    )
    njobs: Mapped[int | None] = mapped_column(comment="Number of jobs the worker has taken")
    submissionhost: Mapped[str | None] = mapped_column(
        String(128), comment="Host that submitted the worker, such as the schedd"
    )
    harvesterhost: Mapped[str | None] = mapped_column(
        String(128), comment="Host of the Harvester process in charge of the worker"
    )
    jdl: Mapped[str | None] = mapped_column(
        String(250), comment="Name or address of the job description used for submission"
    )
    jobtype: Mapped[str | None] = mapped_column(
        String(52), comment="Job type, the prodSourceLabel the worker was submitted for, or ANY"
    )
    pilotstarttime: Mapped[datetime | None] = mapped_column(
        comment="Time the pilot reported its start"
    )
    pilotendtime: Mapped[datetime | None] = mapped_column(comment="Time the pilot reported its end")
    pilotstatus: Mapped[str | None] = mapped_column(
        String(80), comment="State reported by the pilot itself, such as running or finished"
    )
    pilotstatussynctime: Mapped[datetime | None] = mapped_column(
        comment="Time Harvester was last asked to catch up with pilotStatus, NULL if never"
    )
    minramcount: Mapped[int | None] = mapped_column(comment="Memory requested for the worker in MB")

    instance: Mapped[HarvesterInstances | None] = related(
        "foreign(HarvesterWorkers.harvesterid) == HarvesterInstances.harvester_id", "workers"
    )
    job_relations: Mapped[list[HarvesterRelJobsWorkers]] = related(
        "and_(foreign(HarvesterRelJobsWorkers.harvesterid) == HarvesterWorkers.harvesterid, "
        "foreign(HarvesterRelJobsWorkers.workerid) == HarvesterWorkers.workerid)",
        "worker",
    )


class HarvesterWorkerTime(Base):
    """The own time of the newest report on a worker, where Harvester has given one."""

    __tablename__ = "harvester_worker_time"
    __table_args__ = {"schema": PANDADB}

    harvesterid: Mapped[str] = mapped_column(
        String(50), primary_key=True, comment="Harvester instance, HARVESTER_INSTANCES"
    )
    workerid: Mapped[BigInt] = mapped_column(primary_key=True, comment="Worker, HARVESTER_WORKERS")
    lastupdate: Mapped[datetime] = mapped_column(
        comment="LASTUPDATE of the worker's row as that report left it"
    )
    reported_at: Mapped[datetime] = mapped_column(
        comment="The worker's own time of its newest report: an older report changes nothing"
    )


class HarvesterRelJobsWorkers(OfJob, Base):
    """Which jobs each worker processes; a worker may take many."""

    job_side = "worker_relations"
    __tablename__ = "harvester_rel_jobs_workers"
    __table_args__ = (
        Index("harv_work_reljobs_lastupd_idx", "lastupdate"),
        Index("harvrel_jobworkers_pandaid_idx", "pandaid"),
        {"postgresql_partition_by": "RANGE (pandaid)"},
    )

    harvesterid: Mapped[str] = mapped_column(
        String(50), primary_key=True, comment="Harvester instance, HARVESTER_INSTANCES"
    )
    workerid: Mapped[BigInt] = mapped_column(primary_key=True, comment="Worker, HARVESTER_WORKERS")
    pandaid: Mapped[BigInt] = mapped_column(primary_key=True, comment="Job, the jobs tables")
    lastupdate: Mapped[datetime] = mapped_column(
        comment="Time the relation was last confirmed, by Harvester or a job heartbeat"
    )

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
    """Number of workers by queue, type and state, read by Unified Pilot Streaming."""

    __tablename__ = "harvester_worker_stats"

    harvester_id: Mapped[str] = mapped_column(
        String(50), primary_key=True, comment="Harvester instance, HARVESTER_INSTANCES"
    )
    computingsite: Mapped[str] = mapped_column(
        String(128), primary_key=True, comment="PanDA queue, SCHEDCONFIG_JSON"
    )
    resourcetype: Mapped[str] = mapped_column(
        String(56), primary_key=True, comment="Resource type, RESOURCE_TYPES"
    )
    status: Mapped[str] = mapped_column(
        String(80),
        primary_key=True,
        comment="State of the workers counted, as in HARVESTER_WORKERS",
    )
    jobtype: Mapped[str] = mapped_column(
        String(52), primary_key=True, comment="Job type, the prodSourceLabel, or ANY"
    )
    n_workers: Mapped[int | None] = mapped_column(comment="Number of workers")
    lastupdate: Mapped[datetime] = mapped_column(comment="Time of the report")

    instance: Mapped[HarvesterInstances | None] = related(
        "foreign(HarvesterWorkerStats.harvester_id) == HarvesterInstances.harvester_id",
        "worker_stats",
    )
    resource_type: Mapped[ResourceTypes | None] = related(
        "foreign(HarvesterWorkerStats.resourcetype) == ResourceTypes.resource_name", "worker_stats"
    )


class HarvesterCommands(Base):
    """Commands for Harvester instances, fetched by them through the API."""

    __tablename__ = "harvester_commands"
    __table_args__ = (
        CheckConstraint("ack_requested IN (0, 1)", name="harvester_commands_ack_req_chk"),
    )

    command_id: Mapped[BigInt] = mapped_column(
        HARVESTER_COMMAND_SEQ,
        primary_key=True,
        comment="Number of the command, from a sequence, the key",
    )
    command: Mapped[str | None] = mapped_column(
        String(200), comment="Command, such as KILL_WORKERS or SET_N_WORKERS_JOBTYPE:<queue>"
    )
    harvester_id: Mapped[str | None] = mapped_column(
        String(50), comment="Harvester instance to obey, HARVESTER_INSTANCES"
    )
    ack_requested: Mapped[SmallInt | None] = mapped_column(
        comment="1 if the instance has to acknowledge, 0 if not"
    )
    creation_date: Mapped[datetime | None] = mapped_column(comment="Time the command was issued")
    status: Mapped[str | None] = mapped_column(
        String(32), comment="State of the command: new, lock, retrieved or acknowledged"
    )
    status_date: Mapped[datetime | None] = mapped_column(comment="Time the state last changed")
    params: Mapped[str | None] = mapped_column(
        Text, comment="Parameters as JSON text, NULL if none"
    )

    instance: Mapped[HarvesterInstances | None] = related(
        "foreign(HarvesterCommands.harvester_id) == HarvesterInstances.harvester_id", "commands"
    )


class HarvesterCommandLock(Base):
    """Locks that pace the issue of a command to an instance, queue and resource type."""

    __tablename__ = "harvester_command_lock"

    harvester_id: Mapped[str] = mapped_column(
        String(50), primary_key=True, comment="Harvester instance, HARVESTER_INSTANCES"
    )
    computingsite: Mapped[str] = mapped_column(
        String(128), primary_key=True, comment="PanDA queue, SCHEDCONFIG_JSON"
    )
    resourcetype: Mapped[str] = mapped_column(
        String(56), primary_key=True, comment="Resource type, RESOURCE_TYPES"
    )
    command: Mapped[str] = mapped_column(
        String(200), primary_key=True, comment="Command the lock paces"
    )
    lockedtime: Mapped[datetime | None] = mapped_column(
        comment="Time the lock was last taken, kept on release"
    )
    lockedby: Mapped[str | None] = mapped_column(
        String(56), comment="Process that holds the lock, NULL if free"
    )

    instance: Mapped[HarvesterInstances | None] = related(
        "foreign(HarvesterCommandLock.harvester_id) == HarvesterInstances.harvester_id",
        "command_locks",
    )
    resource_type: Mapped[ResourceTypes | None] = related(
        "foreign(HarvesterCommandLock.resourcetype) == ResourceTypes.resource_name", "command_locks"
    )


class HarvesterDialogs(Base):
    """Messages from the logs of Harvester instances, mostly errors."""

    __tablename__ = "harvester_dialogs"
    __table_args__ = (
        Index("harv_dialogs_harv_diagid_idx", "harvester_id", "diagid"),
        Index("harv_dialogs_module_harv_idx", "modulename", "harvester_id"),
        {"postgresql_partition_by": "RANGE (creationtime)"},
    )
    __mapper_args__ = {"primary_key": ["harvester_id", "diagid", "creationtime"]}

    harvester_id: Mapped[str] = mapped_column(
        String(50), comment="Harvester instance, HARVESTER_INSTANCES"
    )
    diagid: Mapped[BigInt] = mapped_column(comment="Number of the message within its instance")
    modulename: Mapped[str | None] = mapped_column(
        String(100), comment="Module of Harvester that wrote the message"
    )
    identifier: Mapped[str | None] = mapped_column(
        String(100), comment="What the message is about, such as a worker or a job"
    )
    creationtime: Mapped[datetime] = mapped_column(comment="Time the message was written")
    messagelevel: Mapped[str | None] = mapped_column(
        String(10), comment="Level of the message, such as WARNING or ERROR"
    )
    diagmessage: Mapped[str | None] = mapped_column(String(500), comment="Text of the message")

    instance: Mapped[HarvesterInstances | None] = related(
        "foreign(HarvesterDialogs.harvester_id) == HarvesterInstances.harvester_id", "dialogs"
    )


class HarvesterMetrics(Base):
    """Service metrics of the hosts of Harvester instances, appended."""

    __tablename__ = "harvester_metrics"
    __table_args__ = (
        Index("harvester_metrics_idx", "harvester_id", "creation_time", "harvester_host"),
        Index("harvester_metrics_ihc_idx", "harvester_id", "harvester_host", "creation_time"),
        {"postgresql_partition_by": "RANGE (creation_time)"},
    )
    __mapper_args__ = {"primary_key": ["harvester_id", "harvester_host", "creation_time"]}

    harvester_id: Mapped[str] = mapped_column(
        String(50), comment="Harvester instance, HARVESTER_INSTANCES"
    )
    creation_time: Mapped[datetime] = mapped_column(
        server_default=UTC_NOW, comment="Time the metrics were taken"
    )
    harvester_host: Mapped[str | None] = mapped_column(
        String(100), comment="Host the metrics are about"
    )
    metrics: Mapped[str | None] = mapped_column(
        String(4000),
        comment="Metrics as JSON text, such as CPU, memory and disk use and proxy validity",
    )

    instance: Mapped[HarvesterInstances | None] = related(
        "foreign(HarvesterMetrics.harvester_id) == HarvesterInstances.harvester_id", "metrics"
    )


class HarvesterSlots(Base):
    """Slots that Harvester should fill on a queue, for workload provisioning."""

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

    pandaqueuename: Mapped[str] = mapped_column(
        String(128), comment="PanDA queue, SCHEDCONFIG_JSON"
    )
    gshare: Mapped[str | None] = mapped_column(
        String(32), comment="Global share, GLOBAL_SHARES; NULL if for any"
    )
    resourcetype: Mapped[str | None] = mapped_column(
        String(56), comment="Resource type, RESOURCE_TYPES; NULL if for any"
    )
    numslots: Mapped[BigInt] = mapped_column(comment="Number of slots to fill")
    modificationtime: Mapped[datetime] = mapped_column(comment="Time the entry was last set")
    expirationtime: Mapped[datetime | None] = mapped_column(
        comment="Time until which the entry holds, NULL if without limit"
    )
