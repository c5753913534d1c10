"""Records about a job beside its row: status log, retries, reports, metrics."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import Base, related
from pandadb.models.jobs.links import OfJob
from pandadb.models.types import UTC_NOW_SECONDS, BigInt, SmallInt

if TYPE_CHECKING:
    from pandadb.models.jobs.tables import JobsActive4
    from pandadb.models.tasks import JediTasks


class JobsStatusLog(OfJob, Base):
    """Log of job status changes, nearly complete: some bulk updates leave no row."""

    job_side = "statuslog"
    __tablename__ = "jobs_statuslog"
    __table_args__ = (
        Index("jobs_statuslog_pandaid_idx", "pandaid"),
        {"postgresql_partition_by": "RANGE (modificationtime)"},
    )
    __mapper_args__ = {"primary_key": ["pandaid", "modificationtime", "jobstatus"]}

    pandaid: Mapped[BigInt] = mapped_column(comment="Job, its PandaID")
    modificationtime: Mapped[datetime] = mapped_column(
        comment="When the change was recorded, by the database clock; partition key"
    )
    jobstatus: Mapped[str] = mapped_column(String(15), comment="Status the job changed to")
    prodsourcelabel: Mapped[str | None] = mapped_column(
        String(20), comment="Kind of the job: managed, user, panda, test and others"
    )
    cloud: Mapped[str | None] = mapped_column(String(50), comment="Region of the job's queue")
    computingsite: Mapped[str | None] = mapped_column(
        String(128), comment="PanDA queue of the job at the time"
    )
    modificationhost: Mapped[str | None] = mapped_column(
        String(128), comment="Server host that made the change"
    )
    modiftime_extended: Mapped[datetime | None] = mapped_column(
        comment="Same time as modificationtime with fractions of a second"
    )


class JediJobRetryHistory(OfJob, Base):
    """Which job or jobset follows which, with the kind of relation."""

    job_side = "retry_history"
    job_key = "newpandaid"
    __tablename__ = "jedi_job_retry_history"
    __table_args__ = (
        UniqueConstraint(
            "jeditaskid",
            "oldpandaid",
            "newpandaid",
            "originpandaid",
            "ins_utc_tstamp",
            name="jedi_job_retry_history_jeditaskid_oldpandaid_newpandaid_ori_key",
        ),
        Index("jedi_job_retry_hist_oldpid_idx", "oldpandaid"),
        Index("jedi_job_retry_hist_origid_idx", "originpandaid"),
        Index(
            "jedi_job_retry_history_uq",
            "jeditaskid",
            "newpandaid",
            "oldpandaid",
            "originpandaid",
            "ins_utc_tstamp",
            unique=True,
        ),
        {"postgresql_partition_by": "RANGE (ins_utc_tstamp)"},
    )
    __mapper_args__ = {
        "primary_key": ["jeditaskid", "oldpandaid", "newpandaid", "originpandaid", "ins_utc_tstamp"]
    }

    jeditaskid: Mapped[BigInt] = mapped_column(comment="Task, JEDI_TASKS")
    oldpandaid: Mapped[BigInt] = mapped_column(
        comment="Earlier job, or a jobset for jobset_id and jobset_retry"
    )
    newpandaid: Mapped[BigInt] = mapped_column(
        comment="Later job, or a jobset for jobset_retry and jobset_map"
    )
    ins_utc_tstamp: Mapped[datetime] = mapped_column(
        server_default=UTC_NOW_SECONDS, comment="When the relation was recorded; partition key"
    )
    relationtype: Mapped[str | None] = mapped_column(
        String(32),
        comment="Kind of relation: retry, merge, es_merge, jobset_id, jobset_retry or jobset_map",
    )
    originpandaid: Mapped[BigInt | None] = mapped_column(
        comment="First job of the chain of attempts, the smallest if several"
    )

    task: Mapped[JediTasks | None] = related(
        "foreign(JediJobRetryHistory.jeditaskid) == JediTasks.jeditaskid", "job_retry_history"
    )


class JobOutputReport(OfJob, Base):
    """Final reports of pilots that wait for the Adder."""

    job_side = "output_reports"
    __tablename__ = "job_output_report"

    pandaid: Mapped[BigInt] = mapped_column(primary_key=True, comment="Job, its PandaID")
    prodsourcelabel: Mapped[str | None] = mapped_column(
        String(20), comment="Kind of the job: managed, user, panda, test and others"
    )
    jobstatus: Mapped[str] = mapped_column(
        String(15),
        comment="Final status the pilot reported, or esregister to register event service files",
    )
    attemptnr: Mapped[SmallInt] = mapped_column(
        primary_key=True, comment="Attempt of the job the report is for"
    )
    data: Mapped[str | None] = mapped_column(
        Text, comment="Report of the outputs, JSON or XML; may be empty"
    )
    timestamp: Mapped[datetime] = mapped_column(comment="When the report was stored")
    lockedby: Mapped[str | None] = mapped_column(
        String(56), comment="Adder process that works on the report, NULL if free"
    )
    lockedtime: Mapped[datetime | None] = mapped_column(
        comment="When it was locked; moved by an offset to delay the next try"
    )


class JobMetrics(OfJob, Base):
    """Measurements of jobs, one JSON document per job, e.g. the queuing period."""

    job_side = "metrics"
    __tablename__ = "job_metrics"
    __table_args__ = {"postgresql_partition_by": "RANGE (modificationtime)"}

    pandaid: Mapped[BigInt] = mapped_column(primary_key=True, comment="Job, its PandaID")
    jeditaskid: Mapped[BigInt | None] = mapped_column(comment="Task, JEDI_TASKS")
    creationtime: Mapped[datetime | None] = mapped_column(comment="When the row was created")
    modificationtime: Mapped[datetime] = mapped_column(
        primary_key=True, comment="When a measurement was stored last"
    )
    data: Mapped[str | None] = mapped_column(Text, comment="Measurements as a JSON object")


class JobsDebug(Base):
    """Tail of the payload's output for jobs in debug mode."""

    __tablename__ = "jobsdebug"

    pandaid: Mapped[BigInt] = mapped_column(
        primary_key=True, autoincrement=False, comment="Job, its PandaID"
    )
    stdout: Mapped[str | None] = mapped_column(
        String(2048), comment="Last output the pilot sent, at most 2048 characters"
    )

    jobsactive4: Mapped[JobsActive4 | None] = related(
        "foreign(JobsDebug.pandaid) == JobsActive4.pandaid", "debug"
    )


class TmpPandaIDsRelations(Base):
    """Scratch table that maps a PandaID to another job id."""

    __tablename__ = "tmp_pandaids_relations"
    __mapper_args__ = {"primary_key": ["pandaid", "newjobid"]}

    pandaid: Mapped[BigInt] = mapped_column(comment="Job, its PandaID")
    newjobid: Mapped[BigInt] = mapped_column(comment="Job id that stands for the PandaID")
