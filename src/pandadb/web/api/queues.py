"""Job queues, groups, workers and the outbox as JSON."""

from typing import Any

from pandadb.services import queue
from pandadb.web.accounts.roles import api_for
from pandadb.web.accounts.users import Role
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


@reading.get("/workers")
def list_workers(database: TheDatabase, *, stopped: bool = False) -> list[dict[str, Any]]:
    """Return the workers with their jobs; with `stopped` also those that have ended."""
    return queue.workers(database, stopped=stopped)


@reading.get("/problems")
def list_problems(state: TheQueues) -> list[str]:
    """Return a sentence for each problem of the queues that needs an operator."""
    return state.problems
