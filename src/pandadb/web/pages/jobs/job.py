"""A job, live, archived or exported, under one address; and under its public id."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from pandadb.database import Database
from pandadb.services import errors, jobs, queue, selection
from pandadb.web.accounts.roles import CurrentUser, pages_for
from pandadb.web.accounts.users import Role
from pandadb.web.operations import job_verbs
from pandadb.web.pages.jobs.lists import job_address
from pandadb.web.rendering import render_tables
from pandadb.web.request_state import Elsewhere, TheDatabase
from pandadb.web.tables import Column, Row, Table

reading = pages_for(Role.READER)
PLACES = {
    "jobsdefined4": "live, not dispatched",
    "jobswaiting4": "live, not dispatched",
    "jobsactive4": "live",
    "jobsarchived4": "ended, not archived yet",
    "jobsarchived": "in the archive",
    "parquet": "in an exported month",
}
STATES = (
    Column("jobstatus", "State", "state"),
    Column("since", "Since", "time"),
    Column("seconds", "Seconds", "number"),
    Column("computingsite", "Site"),
    Column("modificationhost", "Host"),
)
ATTEMPTS = (
    Column("pandaid", "PandaID", "number", job_address),
    Column("follows", "Follows", "number"),
    Column("relationtype", "Relation"),
    Column("attemptnr", "Attempt", "number"),
    Column("jobstatus", "State", "state"),
    Column("computingsite", "Site"),
    Column("table", "Table"),
)
FILES = tuple(
    Column(name, title, kind)  # type: ignore[arg-type]
    for name, title, kind in (
        ("type", "Type", "text"), ("lfn", "Name", "text"), ("scope", "Scope", "text"),
        ("status", "State", "state"), ("fsize", "Bytes", "number"), ("dataset", "Dataset", "text"),
        ("destinationse", "Destination", "text"), ("checksum", "Checksum", "text"),
    )
)  # fmt: skip


def _same_error(row: Row) -> str:
    """Return the address of the jobs with an error."""
    return f"/jobs?errorcode={row['component']}{row['code']}"


ERRORS = (
    Column("source", "Reported by"),
    Column(
        "code", "Code", "number", lambda row: f"/jobs?errorcode={row['component']}{row['code']}"
    ),
    Column("diag", "Text"),
    Column("meaning", "Meaning"),
    Column("rule", "What follows"),
)


@reading.get("/job/{public_id}")
def find_public_job(database: TheDatabase, public_id: str) -> Response:
    """Redirect to the page of the job with a public id."""
    found = queue.find_public(database, public_id)
    if public_id not in found:
        raise jobs.UnknownJob(f"Job {public_id!r} is unknown: no job has this public id")
    return RedirectResponse(f"/jobs/{found[public_id].pandaid}", 303)


@reading.get("/jobs/{pandaid}")
def show_job(
    request: Request,
    database: TheDatabase,
    elsewhere: Elsewhere,
    user: CurrentUser,
    pandaid: int,
) -> Response:
    """Return the page of a job: all that is known of it."""
    job = jobs.get(database, pandaid, **elsewhere)
    wait = queue.why_waiting(database, job)
    history = jobs.history(database, pandaid, **elsewhere, known=job)
    may_change = user.role >= Role.OPERATOR
    tables = {
        "errors": _errors(database, job),
        "states": Table("States", STATES, [vars(one) for one in history.states],
                        empty="No state was logged."),
        "attempts": Table("Attempts at the same work", ATTEMPTS,
                          [_attempt(one) for one in history.attempts]),
        "files": Table("Files", FILES, job["files"], empty="The job has no files."),
    }  # fmt: skip
    return render_tables(
        request,
        "jobs/job.html",
        tables,
        job=job,
        wait=wait,
        place=PLACES.get(job["table"], job["table"]),
        is_final=job["jobstatus"] in FINAL,
        verbs=job_verbs.of_job(job, wait) if may_change else [],
        output=selection.output_tail(database, pandaid),
        result=_pretty(job["metadata"]),
        log_address=_log_address(job["pilotid"]),
        columns={name: value for name, value in job.items() if _is_plain(name, value)},
    )


FINAL = tuple(name for name, state in jobs.STATES.items() if state.final)


def _attempt(attempt: jobs.Attempt) -> Row:
    return vars(attempt) | {"follows": ", ".join(map(str, attempt.follows))}


def _errors(database: Database, job: Mapping[str, Any]) -> Table:
    """Return the errors of a job, explained; those of an exported job without the rules."""
    rows: list[Row] = []
    if found := _explained(database, job):
        rows = [
            {
                "source": error.source,
                "component": _component(error.source),
                "code": error.code,
                "diag": error.diag,
                "meaning": meaning,
                "rule": "; ".join(one.why for one in found.verdicts if one.error == error),
            }
            for error, meaning in zip(found.errors, found.meanings, strict=True)
        ]
    return Table("Errors", ERRORS, rows, empty="No error was reported.")


def _explained(database: Database, job: Mapping[str, Any]) -> errors.Explanation | None:
    """Return the errors of a job, explained; None without errors, or if it is in no table here."""
    if not any(job.get(name) for name in job if name.endswith(("errorcode", "exitcode"))):
        return None
    try:
        return errors.explain(database, job["pandaid"])[job["pandaid"]]
    except jobs.UnknownJob:
        return None


def _component(source: str) -> str:
    """Return the beginning of the filter for a code of a source: `pilot=`."""
    name = source.lower().removesuffix("code").removesuffix("error")
    return "" if name == "transexit" else f"{name}="


def _pretty(text: str | None) -> str | None:
    """Return JSON with line breaks, another text as it is."""
    try:
        return json.dumps(json.loads(text or ""), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _log_address(pilotid: str | None) -> str | None:
    """Return the address of the log that a pilot has noted, if it is one of the web."""
    address = (pilotid or "").split("|", maxsplit=1)[0].strip()
    return address if address.startswith(("https://", "http://")) else None


def _is_plain(name: str, value: Any) -> bool:
    return value is not None and name not in ("files", "jobparameters", "metadata")
