"""Results of jobs of applications, and the jobs of a submitter."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pandadb.core.jobs.search import full_jobs
from pandadb.core.jobs.search.pages import UnknownJob
from pandadb.core.queue import application_jobs
from pandadb.core.queue.application_jobs import APPLICATION, ApplicationJob
from pandadb.core.queue.input.new_jobs import LETTERS, PUBLIC_ID_LENGTH
from pandadb.core.queue.payload_needs import STDERR_MARK
from pandadb.core.sql.validation import InvalidValue, check_number, check_text
from pandadb.errors import PandaDBError
from pandadb.services.jobs.search import get

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from pandadb.database import Database

State = Literal["running", "success", "failure"]
STATES: dict[str | None, State] = {
    "finished": "success",
    "failed": "failure",
    "cancelled": "failure",
    "closed": "failure",
}
"""States of results by those of jobs; all others are running."""
DIAGNOSTICS = ("exeerrordiag", "taskbuffererrordiag", "jobdispatchererrordiag", "piloterrordiag")
MAX_PAGE = 1000
NO_ID = ""
"""It is looked up instead of texts that no public id can be, so that the answer takes as long."""


class ResultNotFound(PandaDBError):
    """No job of an application has that public id."""


@dataclass(frozen=True)
class Result:
    """The result of a job of an application, as its user sees it; times are naive UTC."""

    public_id: str
    application: str
    state: State
    computes: str
    """The computation, for people."""
    address: str
    """The mail address of the user."""
    inputs: dict[str, str]
    value: str | None = None
    """The result; None if the job has none yet, or its output none."""
    output: str = ""
    """The end of the standard output of a program that has succeeded."""
    error: str | None = None
    """The text of a program that has failed, else a sentence about the end of the job."""
    submitted: datetime | None = None
    ended: datetime | None = None


@dataclass(frozen=True)
class ResultPage:
    """Jobs of a submitter, the newest first, without their values and errors."""

    results: list[Result]
    next: str | None
    """The value of `after` for the next page; None on the last one."""


def get_result(
    database: Database,
    public_id: str,
    *,
    archive: Database | None = None,
    exports: Path | None = None,
) -> Result:
    """Return the result of a job of an application by its public id.

    A job that this database lacks is looked up in `archive`, another database to which days are
    copied, and then in `exports`, a folder of exported months.

    Raises:
        ResultNotFound: There is none, or all of these lack its job.
    """
    well_formed = len(public_id) == PUBLIC_ID_LENGTH and {*public_id} <= {*LETTERS}
    with database.transaction() as connection:
        found = application_jobs.find(connection, public_id if well_formed else NO_ID)
        tails = full_jobs.output_tails(connection, [found.pandaid]) if found else {}
    if found is None:
        raise ResultNotFound("There is no result of that name. Compare it with the mail.")
    if found.jobstatus is not None and found.jobstatus not in STATES:
        return _result(found)
    try:
        job = get(database, found.pandaid, archive=archive, exports=exports)
    except UnknownJob:
        raise ResultNotFound("The result has gone to another archive.") from None
    return _ended(found, job, tails.get(found.pandaid, ""))


def find_own(
    database: Database,
    submitter: str,
    *,
    application: str | None = None,
    limit: int = 50,
    after: str | None = None,
) -> ResultPage:
    """Return a page of the jobs of a submitter, or of those of an application among them.

    A cursor is a public id (keyset pagination).

    Raises:
        InvalidValue: `limit` is not from 1 to 1,000, or `after` is no job of the submitter.
    """
    check_number("limit", limit, 1, MAX_PAGE)
    check_text("after", after or "")
    check_text("application", application or "")
    with database.transaction() as connection:
        before = None
        if after is not None:
            last = application_jobs.find(connection, after)
            if last is None or last.metadata[APPLICATION].get("submitter") != submitter:
                raise InvalidValue("There is no such page: begin with the first one")
            before = last.pandaid
        found = application_jobs.page(
            connection, submitter, limit=limit + 1, before=before, application=application
        )
    results = [_result(one) for one in found[:limit]]
    return ResultPage(results, results[-1].public_id if len(found) > limit else None)


def _result(job: ApplicationJob, **more: Any) -> Result:
    about = job.metadata[APPLICATION]
    return Result(
        job.public_id,
        about["name"],
        more.pop("state", None) or STATES.get(job.jobstatus, "running"),
        about["computes"],
        str(job.metadata.get("mail", "")),
        about["inputs"],
        submitted=job.submitted,
        ended=job.ended,
        **more,
    )


def _ended(found: ApplicationJob, job: dict[str, Any], tail: str) -> Result:
    """Return the result of a job that has ended, from its rows."""
    state = STATES.get(job["jobstatus"], "running")
    if state == "success":
        output = _output(job.get("metadata"))
        value = _value(found.metadata[APPLICATION], output)
        return _result(found, state=state, output=output, value=value)
    errors = tail.partition(STDERR_MARK)[2].strip() if job["jobstatus"] == "failed" else ""
    known = (job[name] for name in DIAGNOSTICS if job.get(name))
    error = errors or next(known, f"the job was {job['jobstatus']}")
    return _result(found, state=state, error=error)


def _output(metadata: Any) -> str:
    """Return the standard output that the metadata of a program has."""
    try:
        given = json.loads(metadata) if isinstance(metadata, str) else metadata
    except ValueError:
        given = None
    return str(given.get("stdout") or "") if isinstance(given, dict) else ""


def _value(about: dict[str, Any], output: str) -> str | None:
    """Return the result in an output by the rule of the application; None if there is none."""
    if (place := about.get("result_word")) is not None:
        words = output.split()
        return words[place - 1] if len(words) >= place else None
    if (pattern := about.get("result_pattern")) is not None:
        match = re.search(pattern, output)
        return match.group(1) if match else None
    return output.strip() or None
