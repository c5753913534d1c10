"""Relationships of jobs, declared once for all tables of jobs and for all satellites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy.orm import Mapped, Relationship, declared_attr

from pandadb.models.base import related

if TYPE_CHECKING:
    from pandadb.models.harvester import HarvesterRelJobsWorkers
    from pandadb.models.jobs.history import (
        JediJobRetryHistory,
        JobMetrics,
        JobOutputReport,
        JobsStatusLog,
    )
    from pandadb.models.jobs.satellites import FilesTable4, JobParamsTable, MetaTable
    from pandadb.models.jobs.tables import JobsActive4, JobsArchived4, JobsDefined4, JobsWaiting4
    from pandadb.models.queues import GlobalShares, JediWorkQueue
    from pandadb.models.schemas.archive import JobsArchived
    from pandadb.models.tasks import JediTasks


class JobLinks:
    """Relationships of every job, in any of the five tables."""

    __tablename__: str

    @declared_attr
    def task(cls) -> Mapped[JediTasks | None]:
        return _belongs(cls, "jeditaskid", "JediTasks.jeditaskid")

    @declared_attr
    def work_queue(cls) -> Mapped[JediWorkQueue | None]:
        return _belongs(cls, "workqueue_id", "JediWorkQueue.queue_id")

    @declared_attr
    def share(cls) -> Mapped[GlobalShares | None]:
        return _belongs(cls, "gshare", "GlobalShares.name")

    @declared_attr
    def statuslog(cls) -> Mapped[list[JobsStatusLog]]:
        return _has(cls, "JobsStatusLog")

    @declared_attr
    def retry_history(cls) -> Mapped[list[JediJobRetryHistory]]:
        return _has(cls, "JediJobRetryHistory", key="newpandaid")

    @declared_attr
    def output_reports(cls) -> Mapped[list[JobOutputReport]]:
        return _has(cls, "JobOutputReport")

    @declared_attr
    def metrics(cls) -> Mapped[list[JobMetrics]]:
        return _has(cls, "JobMetrics")

    @declared_attr
    def worker_relations(cls) -> Mapped[list[HarvesterRelJobsWorkers]]:
        return _has(cls, "HarvesterRelJobsWorkers")


class LiveJobLinks(JobLinks):
    """The satellites of a job that is not in the archive yet."""

    @declared_attr
    def files(cls) -> Mapped[list[FilesTable4]]:
        return _has(cls, "FilesTable4")

    @declared_attr
    def metadata_rows(cls) -> Mapped[list[MetaTable]]:
        return _has(cls, "MetaTable")

    @declared_attr
    def parameter_rows(cls) -> Mapped[list[JobParamsTable]]:
        return _has(cls, "JobParamsTable")


class OfLiveJob:
    """The job of a row, looked up in the one of the four tables where the caller expects it."""

    job_key: ClassVar[str] = "pandaid"
    job_side: ClassVar[str]

    @declared_attr
    def jobsdefined4(cls) -> Mapped[JobsDefined4 | None]:
        return _of(cls, "JobsDefined4")

    @declared_attr
    def jobswaiting4(cls) -> Mapped[JobsWaiting4 | None]:
        return _of(cls, "JobsWaiting4")

    @declared_attr
    def jobsactive4(cls) -> Mapped[JobsActive4 | None]:
        return _of(cls, "JobsActive4")

    @declared_attr
    def jobsarchived4(cls) -> Mapped[JobsArchived4 | None]:
        return _of(cls, "JobsArchived4")


class OfJob(OfLiveJob):
    """The same for rows that stay in place when their job is archived."""

    @declared_attr
    def jobsarchived(cls) -> Mapped[JobsArchived | None]:
        return _of(cls, "JobsArchived")


class HasJobs:
    """The jobs of a task, a work queue or a share, per table."""

    job_side: ClassVar[str]
    job_link: ClassVar[tuple[str, str]]
    """The column of the job, and the column of this table that it refers to."""

    @declared_attr
    def jobsdefined4(cls) -> Mapped[list[JobsDefined4]]:
        return _jobs(cls, "JobsDefined4")

    @declared_attr
    def jobswaiting4(cls) -> Mapped[list[JobsWaiting4]]:
        return _jobs(cls, "JobsWaiting4")

    @declared_attr
    def jobsactive4(cls) -> Mapped[list[JobsActive4]]:
        return _jobs(cls, "JobsActive4")

    @declared_attr
    def jobsarchived4(cls) -> Mapped[list[JobsArchived4]]:
        return _jobs(cls, "JobsArchived4")

    @declared_attr
    def jobsarchived(cls) -> Mapped[list[JobsArchived]]:
        return _jobs(cls, "JobsArchived")


def _belongs(cls: Any, column: str, target: str) -> Relationship[Any]:
    join = f"foreign({cls.__name__}.{column}) == {target}"
    owner = target.partition(".")[0]
    return related(join, cls.__tablename__, argument=owner, uselist=False)


def _has(cls: Any, target: str, key: str = "pandaid") -> Relationship[Any]:
    join = f"foreign({target}.{key}) == {cls.__name__}.pandaid"
    return related(join, cls.__tablename__, argument=target, uselist=True)


def _of(cls: Any, table: str) -> Relationship[Any]:
    join = f"foreign({cls.__name__}.{cls.job_key}) == {table}.pandaid"
    return related(join, cls.job_side, argument=table, uselist=False)


def _jobs(cls: Any, table: str) -> Relationship[Any]:
    column, key = cls.job_link
    join = f"foreign({table}.{column}) == {cls.__name__}.{key}"
    return related(join, cls.job_side, argument=table, uselist=True)
