"""Jobs counted and summed up, over all the tables that they are in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Float, cast, extract, func, literal, select, union_all

from pandadb.models import JobsArchived, JobsArchived4
from pandadb.models.jobs.all_tables import JOB_TABLES
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from pandadb.core.statemachine.effects import Columns

ENDED_TABLES = (JobsArchived4, JobsArchived)


@dataclass(frozen=True)
class StatusCount:
    """How many jobs of a table are in a state."""

    table: str
    jobstatus: str
    jobs: int


@dataclass(frozen=True)
class SiteUsage:
    """The resources that the finished jobs of a site have used."""

    computingsite: str | None
    jobs: int
    core_hours: float
    """Hours that the jobs had cores for, running or not."""
    cpu_efficiency: float | None
    """CPU time in those hours, between 0 and about 1; None if they were none."""


def by_status(session: Session) -> list[StatusCount]:
    """Return the number of jobs per table and state, in the order of a job's life."""
    counts = [
        select(literal(place), literal(job.__tablename__), job.jobstatus, func.count()).group_by(
            job.jobstatus
        )
        for place, job in enumerate(JOB_TABLES)
    ]
    rows = sorted(session.execute(union_all(*counts)), key=lambda row: (row[0], row[2]))
    return [StatusCount(table, jobstatus, jobs) for _, table, jobstatus, jobs in rows]


def usage_by_site(session: Session) -> list[SiteUsage]:
    """Return the resources that ended jobs used per site, the busiest site first."""
    names = ("computingsite", "cpuconsumptiontime", "starttime", "endtime")
    job = union_all(*(_used(model.__table__.c, names) for model in ENDED_TABLES)).subquery("job").c
    core_seconds = func.sum(extract("epoch", job.endtime - job.starttime) * job.cores)
    rows = session.execute(
        select(
            job.computingsite,
            func.count(),
            cast(core_seconds, Float) / 3600,
            cast(func.sum(job.cpuconsumptiontime) / func.nullif(core_seconds, 0), Float),
        )
        .where(job.endtime > job.starttime, job.starttime > EPOCH)  # others never ran
        .group_by(job.computingsite)
        .order_by(core_seconds.desc(), job.computingsite)
    ).all()
    return [SiteUsage(*row) for row in rows]


def _used(job: Columns, names: Sequence[str]) -> Select[Any]:
    cores = func.greatest(func.coalesce(job["actualcorecount"], job["corecount"], 1), 1)
    return select(*(job[name] for name in names), cores.label("cores"))
