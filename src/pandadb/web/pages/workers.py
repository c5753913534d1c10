"""Workers: their state and jobs, and a form that drains them, with a dry run before."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import Response

from pandadb.services import queue
from pandadb.web.accounts.roles import CurrentUser, pages_for
from pandadb.web.accounts.users import Role
from pandadb.web.pages.jobs.verbs import TheForm
from pandadb.web.rendering import render, render_table
from pandadb.web.request_state import TheDatabase
from pandadb.web.tables import Column, Row, Table

reading = pages_for(Role.READER)
operating = pages_for(Role.OPERATOR)
MAX_PAGE = 100


def _jobs_of(row: Row) -> str:
    return f"/jobs?{urlencode({'worker': row['worker_id']})}"


COLUMNS = (
    Column("worker_id", "Worker", "code"),
    Column("state", "State", "state"),
    Column("njobs", "Jobs", "number", _jobs_of),
    Column("slots", "Slots", "number"),
    Column("queues", "Queues"),
    Column("host", "Host"),
    Column("pid", "Process", "number"),
    Column("version", "Version"),
    Column("started_at", "Started", "time"),
    Column("last_seen", "Last sign", "time"),
)


@reading.get("/workers")
def list_workers(
    request: Request,
    database: TheDatabase,
    user: CurrentUser,
    *,
    stopped: bool = False,
    after: str | None = None,
) -> Response:
    """Return the page of workers, the newest first; with `stopped` those that have ended, too."""
    found = queue.workers(database, stopped=stopped, limit=MAX_PAGE + 1, after=after)
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [one | {"state": _state(one, now)} for one in found[:MAX_PAGE]]
    following = str(rows[-1]["worker_id"]) if len(found) > MAX_PAGE else None
    table = Table(
        "Workers", COLUMNS, rows, following, "No worker runs: pandadb worker run --queue NAME"
    )
    return render_table(
        request,
        "workers.html",
        table,
        fragment="workers_table.html",
        stopped=stopped,
        may_drain=user.role >= Role.OPERATOR,
    )


def _state(worker: dict[str, Any], now: datetime) -> str:
    """Return the state of a worker; one that was killed counts as lost."""
    if worker["stopped_at"]:
        return "stopped"
    if now - worker["last_seen"] > queue.ALIVE:
        return "lost"
    return "draining" if worker["draining"] else "running"


@operating.post("/workers/drain")
def drain(request: Request, database: TheDatabase, form: TheForm) -> Response:
    """Answer a form with the dry run of a drain, or, if it confirms one, with its outcome."""
    wanted = [str(one) for one in form.getlist("worker")]
    confirmed = form.get("confirmed") == "true"
    options = queue.VerbOptions(dry_run=not confirmed)
    drained = queue.drain(database, wanted, options) if wanted else []
    missing = sorted({*wanted} - {*drained})
    return render(
        request, "workers_drain.html", drained=drained, missing=missing, is_confirmed=confirmed
    )
