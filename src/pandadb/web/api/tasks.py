"""Tasks as JSON."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from pandadb.services import tasks
from pandadb.web.accounts.roles import api_for
from pandadb.web.accounts.users import Role
from pandadb.web.job_query import Number
from pandadb.web.request_state import TheDatabase
from pandadb.web.task_query import TaskConditions

reading = api_for(Role.READER)


class TaskQuery(TaskConditions):
    """Conditions and page of tasks."""

    before: Number = Field(None, description="Last task of the page before")


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
