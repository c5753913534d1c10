"""Job queues, groups, workers and the outbox as JSON."""

from pandadb.services import queue
from pandadb.web.accounts.roles import api_for
from pandadb.web.accounts.users import Role
from pandadb.web.api.answers import JSONAnswer
from pandadb.web.api.row_schemas import WorkerRow, several
from pandadb.web.request_state import TheDatabase, TheQueues

reading = api_for(Role.READER)


@reading.get("/queues")
def list_queues(state: TheQueues) -> list[queue.QueueDepth]:
    """Return the queues with jobs or workers: jobs that wait and run, and since when."""
    return state.queues


@reading.get("/groups")
def list_groups(state: TheQueues) -> list[queue.GroupState]:
    """Return the groups with their limits and jobs."""
    return state.groups


@reading.get("/workers", response_model=several(WorkerRow))
def list_workers(database: TheDatabase, *, stopped: bool = False) -> JSONAnswer:
    """Return the workers with their jobs; with `stopped` also those that have ended."""
    return JSONAnswer(queue.workers(database, stopped=stopped))


@reading.get("/problems")
def list_problems(state: TheQueues) -> list[str]:
    """Return a sentence for each problem of the queues that needs an operator."""
    return state.problems
