"""Conditions on tasks in the query of an address, the same for pages and the API."""

from pydantic import BaseModel, ConfigDict, Field

from pandadb.services import tasks
from pandadb.web.job_query import Text, Time, naive, several


class TaskConditions(BaseModel):
    """Conditions on tasks, and how many are returned; other names are refused."""

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

    def filter(self) -> tasks.TaskFilter:
        """Return the conditions as a filter.

        Raises:
            InvalidInput: A value does not fit its column; an unknown state.
        """
        return tasks.TaskFilter(
            several(self.status),
            self.taskname,
            self.username,
            self.vo,
            self.prodsourcelabel,
            self.workinggroup,
            self.gshare,
            naive(self.since),
            naive(self.until),
        )
