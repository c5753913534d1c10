"""Tasks as JSON."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from pandadb.services import tasks
from pandadb.web.accounts.roles import api_for
from pandadb.web.accounts.users import Role
from pandadb.web.job_query import Number, Text, Time, naive
from pandadb.web.request_state import TheDatabase

reading = api_for(Role.READER)


class TaskQuery(BaseModel):
    """Conditions, order and page of tasks; other names are refused."""

    model_config = ConfigDict(extra="forbid")

    status: Text = Field(None, description="A state, or several separated by commas")
    taskname: Text = Field(None, description="A name; * stands for any characters")
    username: Text = None
    vo: Text = None
    prodsourcelabel: Text = None
    workinggroup: Text = None
    gshare: Text = None
    since: Time = Field(None, description="Earliest time of the last change, UTC")
    until: Time = Field(None, description="First time that is too late, UTC")
    limit: int = Field(50, ge=1, le=1000)
    before: Number = Field(None, description="Last task of the page before")

    def filter(self) -> tasks.TaskFilter:
        """Return the conditions as a filter.

        Raises:
            InvalidInput: A value does not fit its column; an unknown state.
        """
        given = self.model_dump(exclude={"status", "since", "until", "limit", "before"})
        states = [one.strip() for one in (self.status or "").split(",") if one.strip()]
        return tasks.TaskFilter(
            status=states or None, since=naive(self.since), until=naive(self.until), **given
        )


@reading.get("/tasks")
def find_tasks(database: TheDatabase, query: Annotated[TaskQuery, Query()]) -> dict[str, Any]:
    """Return a page of the tasks that meet all conditions, and the `before` of the `next` one."""
    page = tasks.find(database, query.filter(), limit=query.limit, before=query.before)
    return {"tasks": page.tasks, "next": page.next}


@reading.get("/tasks/{jeditaskid}")
def get_task(database: TheDatabase, jeditaskid: int) -> dict[str, Any]:
    """Return a task with its datasets and parameters."""
    return tasks.get(database, jeditaskid)


@reading.get("/tasks/{jeditaskid}/history")
def get_history(database: TheDatabase, jeditaskid: int) -> dict[str, Any]:
    """Return the states of a task over time."""
    return asdict(tasks.history(database, jeditaskid))
