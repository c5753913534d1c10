"""Jobs as JSON."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel

from pandadb import config
from pandadb.services import jobs
from pandadb.web.accounts.roles import api_for
from pandadb.web.accounts.users import Role
from pandadb.web.job_query import JobQuery
from pandadb.web.request_state import TheDatabase

reading = api_for(Role.READER)


class JobPage(BaseModel):
    """A page of jobs."""

    jobs: list[dict[str, Any]]
    next: str | None
    """The value of `after` for the next page; None on the last one."""


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
def get_job(database: TheDatabase, pandaid: int) -> dict[str, Any]:
    """Return a job with its files, parameters and metadata, wherever it is."""
    return jobs.get(database, pandaid, exports=config.load_settings().exports)
