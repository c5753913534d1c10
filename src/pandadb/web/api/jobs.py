"""Jobs as JSON."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from pandadb.services import jobs
from pandadb.web.accounts.roles import api_for
from pandadb.web.accounts.users import Role
from pandadb.web.api.answers import JSONAnswer
from pandadb.web.api.dataclass_schemas import schema_of_class
from pandadb.web.api.row_schemas import JobCount, JobPage, WholeJob, several
from pandadb.web.job_query import JobQuery
from pandadb.web.request_state import Options, TheArchive, TheDatabase

reading = api_for(Role.READER)


class CountQuery(JobQuery):
    """Conditions on jobs that are counted."""

    by: str = Field("jobstatus", description="Columns, separated by commas; also: table")


@reading.get("/jobs", response_model=JobPage)
def find_jobs(database: TheDatabase, query: Annotated[JobQuery, Query()]) -> JSONAnswer:
    """Return a page of the jobs that meet all conditions, with all columns."""
    page = jobs.find(
        database,
        query.filter(),
        order=query.order,
        descending=query.descending,
        limit=query.limit,
        after=query.after,
    )
    return JSONAnswer({"jobs": page.jobs, "next": page.next})


@reading.get("/jobs/{pandaid}", response_model=WholeJob)
def get_job(
    database: TheDatabase, archive: TheArchive, options: Options, pandaid: int
) -> JSONAnswer:
    """Return a job with its files, parameters and metadata, wherever it is."""
    return JSONAnswer(jobs.get(database, pandaid, archive=archive, exports=options.exports))


@reading.get("/jobs/{pandaid}/history", response_model=schema_of_class(jobs.History))
def get_history(
    database: TheDatabase, archive: TheArchive, options: Options, pandaid: int
) -> JSONAnswer:
    """Return the states of a job with the seconds in each, and its attempts."""
    found = jobs.history(database, pandaid, archive=archive, exports=options.exports)
    return JSONAnswer(found)


@reading.get("/job-counts", response_model=several(JobCount))
def count_jobs(database: TheDatabase, query: Annotated[CountQuery, Query()]) -> JSONAnswer:
    """Return the number of `jobs` for each combination of values of the columns in `by`."""
    return JSONAnswer(jobs.count(database, query.filter(), query.by.split(",")))
