"""The job queue's rows of archived jobs: they stay findable by their public ids."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from pandadb.models.base import PANDADB, Base
from pandadb.models.schemas.control import (
    JobControlColumns,
    JobDependencyColumns,
    OutboxColumns,
    by_submitter,
)
from pandadb.models.types import UTC_NOW, BigInt

ARCHIVED_AT = "Time at which the row followed its job to the archive"


class JobControlArch(JobControlColumns, Base):
    """Archive of JOB_CONTROL: jobs of queues that have left the live tables, by any way."""

    __tablename__ = "job_control_arch"
    __table_args__ = (
        Index("job_control_arch_public_id_key", "public_id", unique=True),
        by_submitter("job_control_arch"),
        {"schema": PANDADB},
    )

    archived_at: Mapped[datetime] = mapped_column(
        server_default=UTC_NOW, sort_order=1, comment=ARCHIVED_AT
    )


class JobDependencyArch(JobDependencyColumns, Base):
    """Archive of JOB_DEPENDENCY: dependencies between jobs that are not live."""

    __tablename__ = "job_dependency_arch"
    __table_args__ = (
        Index("job_dependency_arch_child_idx", "child"),
        {"schema": PANDADB},
    )


class OutboxArch(OutboxColumns, Base):
    """Archive of OUTBOX: events of archived jobs that were sent or given up."""

    __tablename__ = "outbox_arch"
    __table_args__ = (
        Index("outbox_arch_pandaid_idx", "pandaid"),
        {"schema": PANDADB},
    )

    event_id: Mapped[BigInt] = mapped_column(
        primary_key=True,
        autoincrement=False,
        sort_order=-1,
        comment="Number of the event, the key",
    )
