"""Jobs by site and state: those that are live, and those that have ended lately."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select, union_all

from pandadb.models import JobsArchived4, JobsDefined4, JobsWaiting4, MVJobsActive4Stats

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction

KEPT = MVJobsActive4Stats.__table__.c


class SiteState(NamedTuple):
    """The number of jobs of a site in a state; the site is None where jobs have none yet."""

    computingsite: str | None
    jobstatus: str
    jobs: int


def count_site_states(session: Transaction, since: datetime) -> list[SiteState]:
    """Return live jobs, and jobs that have ended since a time (naive UTC), in one statement.

    Jobs in JOBSACTIVE4 are those of the last refresh of MV_JOBSACTIVE4_STATS; one that has ended
    since then is counted twice until the next one. Ended jobs are those of JOBSARCHIVED4.
    """
    ended = _count(JobsArchived4).where(JobsArchived4.__table__.c.modificationtime >= since)
    kept = select(KEPT.computingsite, KEPT.jobstatus, KEPT.num_of_jobs.label("jobs"))
    parts = union_all(kept, _count(JobsDefined4), _count(JobsWaiting4), ended).subquery().c
    place = (parts.computingsite, parts.jobstatus)
    summed = select(*place, func.sum(parts.jobs)).group_by(*place).order_by(*place)
    return [SiteState(site, state, int(jobs)) for site, state, jobs in session.execute(summed)]


def _count(
    job: type[JobsDefined4 | JobsWaiting4 | JobsArchived4],
) -> Select[tuple[str | None, str, int]]:
    columns = job.__table__.c
    counted = func.count().label("jobs")
    place = (columns.computingsite, columns.jobstatus)
    return select(*place, counted).group_by(*place)
