"""Jobs as JSON."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field

from pandadb.services import jobs
from pandadb.web.accounts.roles import api_for
from pandadb.web.accounts.users import Role
from pandadb.web.job_query import JobQuery
from pandadb.web.request_state import Options, TheArchive, TheDatabase

reading = api_for(Role.READER)


class JobPage(BaseModel):
    """A page of jobs."""

    jobs: list[dict[str, Any]]
    next: str | None
    """The value of `after` for the next page; None on the last one."""


class CountQuery(JobQuery):
    """Conditions on jobs that are counted."""

    by: str = Field("jobstatus", description="Columns, separated by commas; also: table")


@reading.get("/jobs")
def find_jobs(database: TheDatabase, query: Annotated[JobQuery, Query()]) -> JobPage:
    """Return a page of the jobs that meet all conditions, with all columns."""
    page = jobs.find(
        database,
        query.filter(),
        order=query.order,
        descending=query.descending,
        limit=query.limit,
        after=query.after,
    )
    return JobPage(jobs=page.jobs, next=page.next)


@reading.get("/jobs/{pandaid}")
def get_job(
    database: TheDatabase, archive: TheArchive, options: Options, pandaid: int
) -> dict[str, Any]:
    """Return a job with its files, parameters and metadata, wherever it is."""
    return jobs.get(database, pandaid, archive=archive, exports=options.exports)


@reading.get("/jobs/{pandaid}/history")
def get_history(
    database: TheDatabase, archive: TheArchive, options: Options, pandaid: int
) -> dict[str, Any]:
    """Return the states of a job with the seconds in each, and its attempts."""
    return asdict(jobs.history(database, pandaid, archive=archive, exports=options.exports))


@reading.get("/job-counts")
def count_jobs(
    database: TheDatabase, query: Annotated[CountQuery, Query()]
) -> list[dict[str, Any]]:
    """Return the number of `jobs` for each combination of values of the columns in `by`."""
    return jobs.count(database, query.filter(), query.by.split(","))
