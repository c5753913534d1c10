"""The list of jobs: filters in the address, page by page."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from pandadb.services import jobs
from pandadb.web.accounts.roles import CurrentUser, pages_for
from pandadb.web.accounts.users import Role
from pandadb.web.job_query import JobQuery
from pandadb.web.operations.job_verbs import VERBS
from pandadb.web.rendering import FRAGMENT_HEADER, render_table
from pandadb.web.request_state import TheDatabase
from pandadb.web.tables import Column, Row, Table

reading = pages_for(Role.READER)
MAX_PAGE = 500
"""Jobs of a page: each may be marked, and a form has a limit of fields."""


def job_address(row: Row) -> str:
    """Return the address of the page of a job."""
    return f"/jobs/{row['pandaid']}"


def task_address(row: Row) -> str:
    """Return the address of the page of the task of a row."""
    return f"/tasks/{row['jeditaskid']}"


COLUMNS = (
    Column("pandaid", "PandaID", "number", job_address),
    Column("jobstatus", "State", "state"),
    Column("jobname", "Name"),
    Column("computingsite", "Site"),
    Column("jeditaskid", "Task", "number", task_address),
    Column("produsername", "User"),
    Column("currentpriority", "Priority", "number"),
    Column("attemptnr", "Attempt", "number"),
    Column("modificationtime", "Changed", "time"),
)
ORDERS = ("pandaid", "modificationtime", "creationtime", "currentpriority")


@reading.get("/jobs")
def list_jobs(
    request: Request,
    database: TheDatabase,
    user: CurrentUser,
    query: Annotated[JobQuery, Query()],
) -> Response:
    """Return the page of jobs that meet the conditions of the query."""
    page = jobs.find(
        database,
        query.filter(),
        columns=[column.name for column in COLUMNS],
        order=query.order,
        descending=query.descending,
        limit=min(query.limit, MAX_PAGE),
        after=query.after,
    )
    table = Table(
        "Jobs", COLUMNS, page.jobs, page.next, "No job matches: take conditions out of the filter."
    )
    may_change = user.role >= Role.OPERATOR
    answer = render_table(
        request,
        "jobs/list.html",
        table,
        fragment="jobs/table.html",
        chosen=query,
        states=[*jobs.STATES],
        orders=ORDERS,
        verbs=[*VERBS.values()] if may_change else [],
    )
    if request.headers.get(FRAGMENT_HEADER):
        answer.headers["HX-Push-Url"] = query.address()
    return answer
