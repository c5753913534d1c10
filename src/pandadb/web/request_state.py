"""Dependencies of routes: the shared state of their application."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Request

from pandadb.database import Database
from pandadb.services import archive, coverage, failures, queue, selection
from pandadb.web.options import WebOptions
from pandadb.web.recent import RecentValues

ARCHIVE_SECONDS = 30.0
"""Age of the state of the archive from which it is read anew: it changes by the day."""


def database_of(request: Request) -> Database:
    """Return the database of the application."""
    database: Database = request.app.state.web.database
    return database


def options_of(request: Request) -> WebOptions:
    """Return the options of the application."""
    options: WebOptions = request.app.state.web.options
    return options


def archive_of(request: Request) -> Database | None:
    """Return the other database that is the archive, if there is one."""
    archive: Database | None = request.app.state.web.archive
    return archive


def recent_of(request: Request) -> RecentValues:
    """Return the values that requests share."""
    recent: RecentValues = request.app.state.web.recent
    return recent


def elsewhere_of(request: Request) -> dict[str, Any]:
    """Return where jobs are looked up that the database lacks, as arguments of services."""
    web = request.app.state.web
    return {"archive": web.archive, "exports": web.options.exports}


def archive_status(request: Request) -> archive.Status:
    """Return the state of the archive, which several pages show."""
    web = request.app.state.web
    status: archive.Status = web.recent.get(
        "archive",
        lambda: archive.status(
            web.database, web.options.policies, archive=web.archive, waits=web.options.waits
        ),
        ARCHIVE_SECONDS,
    )
    return status


def read_coverage(request: Request) -> tuple[coverage.Coverage, list[failures.Failure]]:
    """Return the partitions of all tables, and the tables that could not be read."""
    web = request.app.state.web

    def compute() -> tuple[coverage.Coverage, list[failures.Failure]]:
        failed: list[failures.Failure] = []
        return coverage.coverage(web.database, web.options.policies, failed=failed), failed

    found: tuple[coverage.Coverage, list[failures.Failure]] = web.recent.get("partitions", compute)
    return found


@dataclass(frozen=True)
class JobCounts:
    """Jobs that are not archived, by state, site and hour."""

    report: selection.JobReport
    read_at: datetime


def job_counts(request: Request) -> JobCounts:
    """Return the numbers of jobs, which several pages show."""
    database = request.app.state.web.database

    def compute() -> JobCounts:
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        return JobCounts(selection.report(database), now)

    counts: JobCounts = request.app.state.web.recent.get("jobs", compute)
    return counts


@dataclass(frozen=True)
class QueueState:
    """The state of all job queues and groups, which is counted over all queued jobs."""

    queues: list[queue.QueueDepth]
    groups: list[queue.GroupState]
    problems: list[str]


def queue_state(request: Request) -> QueueState:
    """Return the state of the job queues, which several pages show."""
    database = request.app.state.web.database
    state: QueueState = request.app.state.web.recent.get(
        "queues",
        lambda: QueueState(
            queue.queues(database), queue.groups(database), queue.problems(database)
        ),
    )
    return state


TheDatabase = Annotated[Database, Depends(database_of)]
TheArchive = Annotated[Database | None, Depends(archive_of)]
Recent = Annotated[RecentValues, Depends(recent_of)]
Options = Annotated[WebOptions, Depends(options_of)]
TheQueues = Annotated[QueueState, Depends(queue_state)]
Elsewhere = Annotated[dict[str, Any], Depends(elsewhere_of)]
