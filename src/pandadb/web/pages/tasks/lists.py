"""Lists of tasks and of flows."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from pandadb.services import queue, tasks
from pandadb.web.accounts.roles import pages_for
from pandadb.web.accounts.users import Role
from pandadb.web.job_query import EMPTY_AS_NONE, Identifier, Number, Text, Time, naive, several
from pandadb.web.pages.jobs.lists import task_address
from pandadb.web.rendering import render_table
from pandadb.web.request_state import TheDatabase
from pandadb.web.tables import Column, Table
from pandadb.web.task_query import TaskConditions

reading = pages_for(Role.READER)
NO_TASK = "No task matches: take conditions out of the filter, or submit one: pandadb tasks submit"
NO_FLOW = "No flow matches: take conditions out of the filter, or submit one: pandadb flows submit"


class TaskQuery(TaskConditions):
    """Conditions and page of tasks."""

    after: Number = None
    format: str = "html"


class FlowQuery(BaseModel):
    """Conditions and page of flows."""

    model_config = ConfigDict(extra="forbid")

    state: Text = None
    name: Text = None
    username: Text = None
    since: Time = None
    until: Time = None
    limit: int = Field(50, ge=1, le=1000)
    after: Annotated[Identifier | None, EMPTY_AS_NONE] = None
    format: str = "html"


TASKS = (
    Column("jeditaskid", "Task", "number", task_address),
    Column("status", "State", "state"),
    Column("taskname", "Name"),
    Column("username", "User"),
    Column("prodsourcelabel", "Label"),
    Column("gshare", "Share"),
    Column("currentpriority", "Priority", "number"),
    Column("modificationtime", "Changed", "time"),
)
FLOWS = (
    Column("jeditaskid", "Flow", "number", task_address),
    Column("state", "State", "state"),
    Column("name", "Name"),
    Column("username", "User"),
    Column("njobs", "Jobs", "number"),
    Column("ncompleted", "Completed", "number"),
    Column("nrunning", "Running", "number"),
    Column("nfailed", "Failed", "number"),
    Column("changed_at", "Changed", "time"),
)


@reading.get("/tasks")
def list_tasks(
    request: Request, database: TheDatabase, query: Annotated[TaskQuery, Query()]
) -> Response:
    """Return the page of tasks that meet the conditions of the query, the newest first."""
    page = tasks.find(database, query.filter(), limit=query.limit, before=query.after)
    following = None if page.next is None else str(page.next)
    table = Table("Tasks", TASKS, page.tasks, following, NO_TASK)
    return render_table(request, "tasks/list.html", table, chosen=query)


@reading.get("/flows")
def list_flows(
    request: Request, database: TheDatabase, query: Annotated[FlowQuery, Query()]
) -> Response:
    """Return the page of flows that meet the conditions of the query, the newest first."""
    chosen = queue.flows.FlowFilter(
        states=several(query.state),
        name=query.name,
        username=query.username,
        since=naive(query.since),
        until=naive(query.until),
    )
    after = None if query.after is None else (query.after, query.after)
    page = queue.flows.find(database, chosen, limit=query.limit, after=after)
    following = str(page.next[1]) if page.next else None
    table = Table("Flows", FLOWS, page.flows, following, NO_FLOW)
    return render_table(request, "tasks/flows.html", table, chosen=query)
