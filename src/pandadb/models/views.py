"""The views of schema `pandadb` as mapped classes: jobs, files, parameters, metadata of any age.

A row has its `place`, the table that it is in, so that live jobs and the archive are one select.
The classes are for reading. Their `Table` objects have metadata of their own: migrations, `db
check` and the pages about tables see the tables of `Base` only. The views are files in `sql/views`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import ColumnElement, MetaData, String, Table, event, exists, or_
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

from pandadb.errors import PandaDBError
from pandadb.models.base import CLASSES, PANDADB, TYPES, Base, ShortRepr, related
from pandadb.models.jobs.columns import JobColumns
from pandadb.models.jobs.satellites import (
    FileColumns,
    FilesTable4,
    JobParamsColumns,
    JobParamsTable,
    MetaDataColumns,
    MetaTable,
)
from pandadb.models.jobs.tables import JobsArchived4
from pandadb.models.schemas.archive import (
    FilesTableArch,
    JobParamsTableArch,
    JobsArchived,
    MetaTableArch,
)
from pandadb.models.types import BigInt, SmallInt

if TYPE_CHECKING:
    from pandadb.models.datasets import JediDatasetContents, JediDatasets
    from pandadb.models.jobs.history import JediJobRetryHistory, JobsStatusLog
    from pandadb.models.queues import GlobalShares, JediWorkQueue
    from pandadb.models.tasks import JediTasks


class ReadOnlyView(PandaDBError):
    """A row of a view that a session was to write."""


class View(ShortRepr, DeclarativeBase):
    """Base of the views."""

    __table__: ClassVar[Table]

    registry = registry(
        metadata=MetaData(schema=PANDADB), class_registry=CLASSES, type_annotation_map=TYPES
    )
    live: ClassVar[type[Base]]
    """The table from which rows are copied to the archive."""
    archive: ClassVar[type[Base]]
    """The table of the archive."""

    @classmethod
    def without_copies(cls: Any) -> ColumnElement[bool]:
        """Leave out rows of the archive that the live table still has.

        Both tables have the rows of a day from its copy to the archive until its drop.
        """
        live = cls.live.__table__.alias("live")
        key = next(iter(cls.live.__table__.primary_key)).name  # the other column is the time
        copied = exists().where(live.c[key] == getattr(cls, key))
        return or_(cls.place != cls.archive.__tablename__, ~copied)


def _refuse(_mapper: Any, _connection: Any, row: View) -> None:
    raise ReadOnlyView(f"{row!r} is of the view {row.__table__}: change the row of its table")


for moment in ("before_insert", "before_update", "before_delete"):
    event.listen(View, moment, _refuse, propagate=True)


class Placed:
    """The first column of each view."""

    place: Mapped[str] = mapped_column(
        String, primary_key=True, comment="Table that has the row, in lower case"
    )


class Jobs(Placed, JobColumns, View):
    """Jobs of any age, in whichever table."""

    __tablename__ = "jobs"
    live, archive = JobsArchived4, JobsArchived

    task: Mapped[JediTasks | None] = related(
        "foreign(Jobs.jeditaskid) == JediTasks.jeditaskid", "jobs"
    )
    files: Mapped[list[Files]] = related("foreign(Files.pandaid) == Jobs.pandaid", "jobs")
    parameter_rows: Mapped[list[JobParams]] = related(
        "foreign(JobParams.pandaid) == Jobs.pandaid", "jobs"
    )
    metadata_rows: Mapped[list[JobMetadata]] = related(
        "foreign(JobMetadata.pandaid) == Jobs.pandaid", "jobs"
    )
    statuslog: Mapped[list[JobsStatusLog]] = related(
        "foreign(JobsStatusLog.pandaid) == Jobs.pandaid",
        order_by="JobsStatusLog.modificationtime",
    )
    retry_history: Mapped[list[JediJobRetryHistory]] = related(
        "foreign(JediJobRetryHistory.newpandaid) == Jobs.pandaid"
    )
    work_queue: Mapped[JediWorkQueue | None] = related(
        "foreign(Jobs.workqueue_id) == JediWorkQueue.queue_id"
    )
    share: Mapped[GlobalShares | None] = related("foreign(Jobs.gshare) == GlobalShares.name")


class Files(Placed, FileColumns, View):
    """Files of jobs of any age; a live job's have the modificationtime 1970-01-01."""

    __tablename__ = "files"
    live, archive = FilesTable4, FilesTableArch

    modificationtime: Mapped[datetime] = mapped_column()  # no part of the key: it changes

    jobs: Mapped[list[Jobs]] = related(
        "foreign(Files.pandaid) == Jobs.pandaid", "files", uselist=True
    )
    jedi_dataset: Mapped[JediDatasets | None] = related(
        "and_(foreign(Files.jeditaskid) == JediDatasets.jeditaskid, "
        "foreign(Files.datasetid) == JediDatasets.datasetid)",
        "files_of_jobs",
    )
    dataset_contents: Mapped[JediDatasetContents | None] = related(
        "and_(foreign(Files.jeditaskid) == JediDatasetContents.jeditaskid, "
        "foreign(Files.datasetid) == JediDatasetContents.datasetid, "
        "foreign(Files.fileid) == JediDatasetContents.fileid)",
        "files_of_jobs",
    )


class JobParams(Placed, JobParamsColumns, View):
    """Parameters of jobs of any age."""

    __tablename__ = "jobparams"
    live, archive = JobParamsTable, JobParamsTableArch

    jobs: Mapped[list[Jobs]] = related(
        "foreign(JobParams.pandaid) == Jobs.pandaid", "parameter_rows", uselist=True
    )


class JobMetadata(Placed, MetaDataColumns, View):
    """Metadata of jobs of any age."""

    __tablename__ = "metadata"
    live, archive = MetaTable, MetaTableArch

    jobs: Mapped[list[Jobs]] = related(
        "foreign(JobMetadata.pandaid) == Jobs.pandaid", "metadata_rows", uselist=True
    )


class FlowJobs(View):
    """Jobs of flows, each in its newest attempt, with the states that a user sees."""

    __tablename__ = "flow_job"

    jeditaskid: Mapped[BigInt] = mapped_column(comment="The flow, JEDI_TASKS")
    pandaid: Mapped[BigInt] = mapped_column(primary_key=True, comment="The job, the jobs tables")
    name: Mapped[str | None] = mapped_column(comment="Name of the job in its flow")
    index_number: Mapped[SmallInt] = mapped_column(
        comment="1, or n for the job that replaces the one of n - 1"
    )
    public_id: Mapped[str] = mapped_column(comment="Name of the job outside")
    queue: Mapped[str] = mapped_column(comment="Queue whose workers may take the job")
    state: Mapped[str] = mapped_column(
        comment="waiting, ready, running, suspended, completed, failed, stopped or paused"
    )
    jobstatus: Mapped[str] = mapped_column(comment="State of PanDA")
    jobname: Mapped[str | None] = mapped_column(comment="Name that the job was made with")
    currentpriority: Mapped[int | None] = mapped_column(comment="Priority: the highest first")
    attemptnr: Mapped[SmallInt] = mapped_column(comment="Number of the attempt")
    creationtime: Mapped[datetime] = mapped_column(comment="Time at which the job was made")
    starttime: Mapped[datetime | None] = mapped_column(comment="Time at which it began")
    endtime: Mapped[datetime | None] = mapped_column(comment="Time at which it ended")
    changed_at: Mapped[datetime] = mapped_column(comment="Last change of the job")
    is_leaf: Mapped[bool] = mapped_column(
        comment="Whether no job of its flow waits for this one, which is the newest of its name"
    )


class Flows(View):
    """Flows: tasks of the type flow, with the state that follows from those of their jobs."""

    __tablename__ = "flow"

    jeditaskid: Mapped[BigInt] = mapped_column(primary_key=True, comment="The flow, JEDI_TASKS")
    name: Mapped[str | None] = mapped_column(comment="Name of the flow")
    username: Mapped[str] = mapped_column(comment="Who submitted it")
    state: Mapped[str] = mapped_column(
        comment="waiting, ready, running, completed, failed, stopped or paused"
    )
    is_stopped: Mapped[bool] = mapped_column(
        comment="Whether it was stopped and not resumed: jobs that are added do not run"
    )
    njobs: Mapped[BigInt] = mapped_column(comment="Number of jobs")
    nwaiting: Mapped[BigInt] = mapped_column(comment="Number of jobs that wait for others")
    nready: Mapped[BigInt] = mapped_column(comment="Number of jobs that a worker may take")
    nrunning: Mapped[BigInt] = mapped_column(comment="Number of jobs that workers have")
    nsuspended: Mapped[BigInt] = mapped_column(comment="Number of jobs with a step that failed")
    ncompleted: Mapped[BigInt] = mapped_column(comment="Number of jobs that have succeeded")
    nfailed: Mapped[BigInt] = mapped_column(comment="Number of jobs that have failed")
    nstopped: Mapped[BigInt] = mapped_column(comment="Number of cancelled and closed jobs")
    npaused: Mapped[BigInt] = mapped_column(comment="Number of jobs that a user has paused")
    creationdate: Mapped[datetime] = mapped_column(comment="Time at which it was submitted")
    changed_at: Mapped[datetime] = mapped_column(comment="Last change of it or of a job of it")
