"""The start page: jobs by state, site and hour, queues, workers, and problems."""

from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from pandadb.services import jobs, queue, tasks
from pandadb.web.accounts.roles import pages_for
from pandadb.web.accounts.users import Role
from pandadb.web.drawings import bars
from pandadb.web.rendering import render_tables
from pandadb.web.request_state import TheDatabase, TheQueues, archive_status, job_counts
from pandadb.web.tables import Column, Row, Table

reading = pages_for(Role.READER)
DIGITS = 19


def _jobs_of(condition: str, column: str, row: Row) -> str:
    return f"/jobs?{urlencode({condition: row[column]})}"


STATES = (
    Column("state", "State", "state", lambda row: _jobs_of("jobstatus", "state", row)),
    Column("jobs", "Jobs", "number"),
)
SITES = (Column("site", "Site or queue"), *STATES)
HOURS = (
    Column("since", "Hour (UTC)", "time"),
    Column("created", "Created", "number"),
    *(Column(state, state.capitalize(), "number")
      for state in ("finished", "failed", "cancelled", "closed")),
)  # fmt: skip
QUEUES = (
    Column("queue", "Queue", address=lambda row: _jobs_of("computingsite", "queue", row)),
    Column("ready", "Ready", "number"),
    Column("age", "Oldest, seconds", "number"),
    Column("pending", "Pending", "number"),
    Column("throttled", "Throttled", "number"),
    Column("running", "At workers", "number"),
    Column("workers", "Workers", "number"),
    Column("slots", "Slots", "number"),
)


@reading.get("/")
def show_overview(request: Request, state: TheQueues) -> Response:
    """Return the start page."""
    counts = job_counts(request)
    upkeep = archive_status(request)
    report = counts.report
    tables = {
        "states": Table("Jobs by state", STATES, _pairs(report.states)),
        "sites": Table("Jobs by site and state", SITES, [
            {"site": site, **pair} for site, counts in report.queues.items()
            for pair in _pairs(counts)]),
        "hours": Table("Jobs by hour", HOURS, [
            {"since": one.since, "created": one.created, **one.ended} for one in report.trend]),
        "queues": Table("Job queues", QUEUES, [depth_of(one) for one in state.queues],
                        empty="No queue has a job or a worker: pandadb queue submit --help"),
    }  # fmt: skip
    return render_tables(
        request,
        "overview/page.html",
        tables,
        overview=counts,
        problems=[*state.problems, *upkeep.problems],
        upkeep=upkeep,
        states=bars.by_state(report.states),
        sites=bars.by_site(report.queues),
        more_sites=max(len(report.queues) - bars.SITES_SHOWN, 0),
        hours=bars.by_hour(report.trend),
        ticks=[one.since for one in report.trend[::6]],
        workers=sum(one.workers for one in state.queues),
    )


def depth_of(depth: queue.QueueDepth) -> Row:
    """Return a queue as a row, its age in whole seconds."""
    return asdict(depth) | {"age": None if depth.age is None else round(depth.age)}


def _pairs(counts: dict[str, int]) -> list[dict[str, Any]]:
    return [{"state": state, "jobs": number} for state, number in counts.items()]


@reading.get("/find")
def find(database: TheDatabase, q: str = "") -> Response:
    """Redirect to the job or task with a number or public id, else to the jobs with a name."""
    wanted = q.strip()
    if wanted.isascii() and wanted.isdigit() and len(wanted) < DIGITS:
        number = int(wanted)
        chosen = jobs.Filter(pandaids=[number], archive=True)
        if jobs.find(database, chosen, columns=["pandaid"], limit=1).jobs:
            return RedirectResponse(f"/jobs/{number}", 303)
        tasks.get(database, number)
        return RedirectResponse(f"/tasks/{number}", 303)
    if wanted and wanted in queue.find_public(database, wanted):
        return RedirectResponse(f"/job/{wanted}", 303)
    return RedirectResponse(f"/jobs?{urlencode({'name': wanted})}" if wanted else "/jobs", 303)
