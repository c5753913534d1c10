"""Tasks as JSON."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from pandadb.services import tasks
from pandadb.web.accounts.roles import api_for
from pandadb.web.accounts.users import Role
from pandadb.web.api.answers import JSONAnswer
from pandadb.web.api.dataclass_schemas import schema_of_class
from pandadb.web.api.row_schemas import TaskPage, WholeTask
from pandadb.web.job_query import Number
from pandadb.web.request_state import TheDatabase
from pandadb.web.task_query import TaskConditions

reading = api_for(Role.READER)


class TaskQuery(TaskConditions):
    """Conditions and page of tasks."""

    before: Number = Field(None, description="Last task of the page before")


@reading.get("/tasks", response_model=TaskPage)
def find_tasks(database: TheDatabase, query: Annotated[TaskQuery, Query()]) -> JSONAnswer:
    """Return a page of the tasks that meet all conditions, and the `before` of the `next` one."""
    page = tasks.find(database, query.filter(), limit=query.limit, before=query.before)
    return JSONAnswer({"tasks": page.tasks, "next": page.next})


@reading.get("/tasks/{jeditaskid}", response_model=WholeTask)
def get_task(database: TheDatabase, jeditaskid: int) -> JSONAnswer:
    """Return a task with its datasets."""
    return JSONAnswer(tasks.get(database, jeditaskid))


@reading.get("/tasks/{jeditaskid}/history", response_model=schema_of_class(tasks.TaskHistory))
def get_history(database: TheDatabase, jeditaskid: int) -> JSONAnswer:
    """Return the states of a task over time."""
    return JSONAnswer(tasks.history(database, jeditaskid))
