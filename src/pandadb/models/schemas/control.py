"""The job queue's own tables: control of jobs, leases, dependencies, groups, outbox, workers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Identity, Index, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import PANDADB, Base, sequence
from pandadb.models.types import UTC_NOW, BigInt, SmallInt

JOB_LEASE_TOKEN_SEQ = sequence("job_lease_token", PANDADB)
SUBMITTER = "details #>> '{metadata,application,submitter}'"
"""The submitter of a job of an application; NULL for other jobs."""


def by_submitter(table: str) -> Index:
    """Return the index of the jobs of a submitter, in their order."""
    given = text(f"({SUBMITTER}) IS NOT NULL")
    name = f"{table}_submitter_idx"
    return Index(name, text(f"({SUBMITTER})"), "pandaid", postgresql_where=given)


class JobControlColumns:
    """The columns of JOB_CONTROL, here and in the archive."""

    pandaid: Mapped[BigInt] = mapped_column(
        primary_key=True, autoincrement=False, comment="The job, the jobs tables"
    )
    public_id: Mapped[str] = mapped_column(
        String(12), comment="Name of the job outside: twelve letters, not to be guessed"
    )
    queue: Mapped[str] = mapped_column(
        String(128), comment="Queue whose workers may take the job; COMPUTINGSITE of the job"
    )
    name: Mapped[str | None] = mapped_column(
        String(300), comment="Name of the job in its flow; its attempts have the same"
    )
    kind: Mapped[str] = mapped_column(
        String(10), comment="argv: the payload is a program; handler: a function; none: neither"
    )
    backoff: Mapped[int] = mapped_column(
        server_default="0",
        comment="Seconds between the first attempt and the second; doubled after each",
    )
    backoff_limit: Mapped[int] = mapped_column(
        server_default="3600", comment="Seconds between two attempts at most"
    )
    index_number: Mapped[SmallInt] = mapped_column(
        server_default="1", comment="1, or n for the job that replaces the one of n - 1"
    )
    group_key: Mapped[str | None] = mapped_column(
        String(128), comment="Group of the job, JOB_GROUP; NULL if it has none"
    )
    dedupe_key: Mapped[str | None] = mapped_column(
        String(256), comment="Key that no two live jobs of a queue have; NULL after the end"
    )
    run_after: Mapped[datetime | None] = mapped_column(
        comment="Time before which the job is not ready; NULL if it has none"
    )
    held: Mapped[bool] = mapped_column(
        server_default="false", comment="Whether the job is paused by a user"
    )
    has_children: Mapped[bool] = mapped_column(
        server_default="false", comment="Whether other jobs depend on the job, JOB_DEPENDENCY"
    )
    announces: Mapped[bool] = mapped_column(
        server_default="false", comment="Whether the end of the job is an event of OUTBOX"
    )
    cancel_requested_at: Mapped[datetime | None] = mapped_column(
        comment="Time at which a worker was asked to end the payload; NULL if it was not"
    )
    step_attempts: Mapped[SmallInt] = mapped_column(
        server_default="0", comment="Failed attempts of the present step, such as staging"
    )
    step_error: Mapped[str | None] = mapped_column(
        Text, comment="Error of the last attempt of the present step"
    )
    suspended: Mapped[bool] = mapped_column(
        server_default="false", comment="Whether a step has failed for good; a retry goes on"
    )
    details: Mapped[Any | None] = mapped_column(
        JSONB,
        comment="Metadata, resources, execution configuration, folder and process, if any",
    )
    last_changed: Mapped[datetime | None] = mapped_column(
        comment="Last change of this row or of the dependencies of the job"
    )


class JobControl(JobControlColumns, Base):
    """Columns of a job of the job queue beside those of PanDA; other jobs are PanDA's own."""

    __tablename__ = "job_control"
    __table_args__ = (
        CheckConstraint("kind IN ('argv', 'handler', 'none')", name="job_control_kind_check"),
        Index("job_control_public_id_key", "public_id", unique=True),
        Index(
            "job_control_dedupe_idx",
            "queue",
            "dedupe_key",
            unique=True,
            postgresql_where=text("dedupe_key IS NOT NULL"),
        ),
        Index(
            "job_control_due_idx",
            "queue",
            "run_after",
            postgresql_where=text("run_after IS NOT NULL"),
        ),
        by_submitter("job_control"),
        {"schema": PANDADB},
    )


class JobLease(Base):
    """Jobs that workers have, each with the token that only its present worker knows."""

    __tablename__ = "job_lease"
    __table_args__ = {"schema": PANDADB}

    pandaid: Mapped[BigInt] = mapped_column(
        primary_key=True, autoincrement=False, comment="The job, the jobs tables"
    )
    token: Mapped[BigInt] = mapped_column(
        comment="Fencing token: later leases have higher ones, of whichever job"
    )
    until: Mapped[datetime] = mapped_column(
        comment="Time at which the lease expires, unless a heartbeat renews it"
    )
    owner: Mapped[str] = mapped_column(String(128), comment="The worker, WORKER")


class JobDependencyColumns:
    """The columns of JOB_DEPENDENCY, here and in the archive."""

    parent: Mapped[BigInt] = mapped_column(
        primary_key=True, autoincrement=False, comment="Job that has to end first"
    )
    child: Mapped[BigInt] = mapped_column(
        primary_key=True, autoincrement=False, comment="Job that waits for it"
    )
    on_failure: Mapped[str] = mapped_column(
        String(10),
        server_default="block",
        comment="If the parent does not finish: block: the child waits on; ignore: it is ready; "
        "cancel: it is closed",
    )
    parent_state: Mapped[str | None] = mapped_column(
        String(15), comment="State in which the parent has ended; NULL while it has not"
    )


class JobDependency(JobDependencyColumns, Base):
    """Dependencies of jobs: a child is not ready before its parents have ended."""

    __tablename__ = "job_dependency"
    __table_args__ = (
        CheckConstraint(
            "on_failure IN ('block', 'ignore', 'cancel')", name="job_dependency_on_failure_check"
        ),
        Index("job_dependency_child_idx", "child"),
        {"schema": PANDADB},
    )


class JobGroup(Base):
    """Groups of jobs with a limit to the jobs that run at once."""

    __tablename__ = "job_group"
    __table_args__ = (
        CheckConstraint("max_running > 0", name="job_group_max_running_check"),
        {"schema": PANDADB},
    )

    group_key: Mapped[str] = mapped_column(String(128), primary_key=True, comment="The group")
    max_running: Mapped[int] = mapped_column(
        server_default="1", comment="How many of its jobs may be activated or run at once"
    )


class JobGroupMember(Base):
    """Jobs of groups that could run now: those admitted, and those that wait for a place."""

    __tablename__ = "job_group_member"
    __table_args__ = (
        Index(
            "job_group_member_order_idx",
            "group_key",
            "admitted",
            text("priority DESC"),
            "pandaid",
        ),
        {"schema": PANDADB},
    )

    pandaid: Mapped[BigInt] = mapped_column(
        primary_key=True, autoincrement=False, comment="The job, the jobs tables"
    )
    group_key: Mapped[str] = mapped_column(String(128), comment="Group of the job, JOB_GROUP")
    priority: Mapped[int] = mapped_column(comment="CURRENTPRIORITY of the job: the highest first")
    admitted: Mapped[bool] = mapped_column(
        server_default="false", comment="Whether the job has one of the places of its group"
    )


class OutboxColumns:
    """The columns of OUTBOX, here and in the archive."""

    created_at: Mapped[datetime] = mapped_column(
        server_default=UTC_NOW, comment="Time of the event"
    )
    kind: Mapped[str] = mapped_column(String(30), comment="Kind of event, such as job ended")
    pandaid: Mapped[BigInt | None] = mapped_column(comment="Job, the jobs tables")
    jeditaskid: Mapped[BigInt | None] = mapped_column(comment="Task, JEDI_TASKS")
    payload: Mapped[Any] = mapped_column(JSONB, comment="The event itself")
    attempts: Mapped[SmallInt] = mapped_column(
        server_default="0", comment="How often sending it has failed"
    )
    retry_after: Mapped[datetime | None] = mapped_column(
        comment="Time before which it is not sent again"
    )
    sent_at: Mapped[datetime | None] = mapped_column(comment="Time at which it was sent")
    last_error: Mapped[str | None] = mapped_column(
        Text, comment="Error of the last attempt to send it"
    )
    given_up_at: Mapped[datetime | None] = mapped_column(
        comment="Time at which the last attempt failed, so that it is not sent"
    )


class Outbox(OutboxColumns, Base):
    """Events that are to leave the database: mails, messages; archived with their jobs."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_waiting_idx", "event_id", postgresql_where=text("sent_at IS NULL")),
        Index("outbox_pandaid_idx", "pandaid"),
        Index(
            "outbox_jeditaskid_idx",  # events of tasks, not of their jobs
            "jeditaskid",
            "kind",
            postgresql_where=text("pandaid IS NULL"),
        ),
        {"schema": PANDADB},
    )

    event_id: Mapped[BigInt] = mapped_column(
        Identity(always=False),
        primary_key=True,
        sort_order=-1,
        comment="Number of the event, the key",
    )


class Worker(Base):
    """Processes that take jobs of queues."""

    __tablename__ = "worker"
    __table_args__ = {"schema": PANDADB}

    worker_id: Mapped[str] = mapped_column(
        String(128), primary_key=True, comment="Host, process and a random part, the key"
    )
    host: Mapped[str] = mapped_column(String(255), comment="Machine of the process")
    pid: Mapped[int] = mapped_column(comment="Number of the process on its machine")
    version: Mapped[str] = mapped_column(String(40), comment="Version of pandadb")
    queues: Mapped[list[str]] = mapped_column(
        ARRAY(String(128)), comment="Queues whose jobs it takes"
    )
    slots: Mapped[int] = mapped_column(comment="How many jobs it runs at once")
    started_at: Mapped[datetime] = mapped_column(
        server_default=UTC_NOW, comment="Time at which it began"
    )
    last_seen: Mapped[datetime] = mapped_column(
        server_default=UTC_NOW, comment="Time of its last sign of life"
    )
    draining: Mapped[bool] = mapped_column(
        server_default="false", comment="Whether it takes no more jobs"
    )
    stopped_at: Mapped[datetime | None] = mapped_column(
        comment="Time at which it has ended; NULL while it runs, or if it was killed"
    )


class EndListener(Base):
    """Processes that wait for ends of jobs: while there is one, ends are notified."""

    __tablename__ = "end_listener"
    __table_args__ = {"schema": PANDADB}

    listener_id: Mapped[str] = mapped_column(
        String(64), primary_key=True, comment="Machine, process and a random part, the key"
    )
    until: Mapped[datetime] = mapped_column(
        comment="Time at which it counts as gone, unless it gives a sign of life"
    )
