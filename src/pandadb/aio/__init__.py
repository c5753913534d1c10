"""The services and the job controller for asyncio, with the same names, arguments and errors.

`await aio.jobs.finish(database, [1, 2])` is `services.jobs.finish(database, [1, 2])`: the same
function, whose waits for the server are awaited. `database` is an `AsyncDatabase`.
"""

from pandadb.aio import (
    applications,
    controller,
    datasets,
    errors,
    events,
    gateway,
    harvester,
    jobs,
    notifications,
    queue,
    shares,
    sites,
    statistics,
    tasks,
    workflows,
)
from pandadb.aio.base.database import AsyncDatabase

__all__ = [
    "AsyncDatabase",
    "applications",
    "controller",
    "datasets",
    "errors",
    "events",
    "gateway",
    "harvester",
    "jobs",
    "notifications",
    "queue",
    "shares",
    "sites",
    "statistics",
    "tasks",
    "workflows",
]
