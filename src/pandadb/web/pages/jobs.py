"""The list of jobs: filters in the address, page by page."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from pandadb.services import jobs
from pandadb.web.accounts.roles import pages_for
from pandadb.web.accounts.users import Role
from pandadb.web.job_query import JobQuery
from pandadb.web.rendering import render_table
from pandadb.web.request_state import TheDatabase
from pandadb.web.tables import Column, Row, Table

reading = pages_for(Role.READER)


def job_address(row: Row) -> str:
    """Return the address of the page of a job."""
    return f"/jobs/{row['pandaid']}"


COLUMNS = (
    Column("pandaid", "PandaID", "number", job_address),
    Column("jobstatus", "State", "state"),
    Column("computingsite", "Site"),
    Column("jeditaskid", "Task", "number"),
    Column("produsername", "User"),
    Column("currentpriority", "Priority", "number"),
    Column("modificationtime", "Changed", "time"),
)


@reading.get("/jobs")
def list_jobs(
    request: Request, database: TheDatabase, query: Annotated[JobQuery, Query()]
) -> Response:
    """Return the page of jobs that meet the conditions of the query."""
    page = jobs.find(
        database,
        query.filter(),
        columns=[column.name for column in COLUMNS],
        order=query.order,
        descending=query.descending,
        limit=query.limit,
        after=query.after,
    )
    table = Table(
        "Jobs", COLUMNS, page.jobs, page.next, "No job matches: take conditions out of the filter."
    )
    return render_table(request, "jobs.html", table, chosen=query)
