"""Begins and ends of the jobs of runs: the record changes, and an event reports it.

Each is written in the transaction that begins or ends the job: of a worker, the reaper of lost
leases, a cancel, a timeout.
"""

from __future__ import annotations

import json
import socket
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from pandadb.core.gateway import run_events, runs
from pandadb.core.gateway.kinds import COMPLETE, ERROR, SKIPPED, STARTED
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_among
from pandadb.models import JobParamsTable, JobsArchived4, MetaTable
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pandadb.core.gateway.runs import Run
    from pandadb.core.sql.transaction import Transaction

HANDLER = "gateway.reduce"
"""The handler of the jobs of runs."""
JOB, META, PARAMS = (m.__table__.c for m in (JobsArchived4, MetaTable, JobParamsTable))
CANCELLED = "cancelled"
STATUSES = {COMPLETE: runs.COMPLETED, ERROR: runs.ERROR, SKIPPED: runs.SKIPPED}
KINDS = {status: kind for kind, status in STATUSES.items()}
RESULT_KEYS = ("reduction_data", "reduction_log", "admin_log", "software", "information")


def begin(session: Transaction, jobs: Collection[int]) -> None:
    """Note that jobs have begun; those that reduce no run are passed over."""
    for run in runs.of_jobs(session, jobs):
        host = socket.gethostname()
        values = {"status": runs.PROCESSING, "started_at": now(), "host": host}
        runs.change(session, run.run_id, values)
        body = {**run.body, "information": host}
        run_events.announce(session, STARTED, body, run.destinations, run.pandaid)


def retry(session: Transaction, retries: Mapping[int, tuple[str, float | None, Any]]) -> None:
    """Note that jobs are tried again: each with its error, the seconds until then, its result.

    The record ends with an error that has `retry_in`; a new version waits. A job that has asked for
    no time is repeated as the same version.
    """
    asked = {
        job: (error, t, result) for job, (error, t, result) in retries.items() if t is not None
    }
    for run in runs.of_jobs(session, asked) if asked else ():
        if run.pandaid is None:
            continue
        error, retry_in, result = asked[run.pandaid]
        said = _said(result) | {"message": error}
        _close(session, run, ERROR, said, {"retry_in": _whole(retry_in)})
        version = (runs.highest_version(session, run.key) or 0) + 1
        later = runs.again(session, run, version)
        when = session.execute(select(now())).scalar_one() + timedelta(seconds=retry_in)
        runs.change(session, run.run_id, {"retry_when": when, "retry_run": later})
        _set_version(session, run.pandaid, version)


def _whole(seconds: float) -> int | float:
    return int(seconds) if seconds == int(seconds) else seconds


def _set_version(session: Transaction, pandaid: int, version: int) -> None:
    """Give a job's handler the version that it reduces next."""
    mine = PARAMS.pandaid == pandaid, PARAMS.modificationtime == EPOCH
    text = session.scalars(select(PARAMS.jobparameters).where(*mine)).one_or_none()
    if text is not None:
        given = json.loads(text)
        given["arguments"]["run"]["run_version"] = version
        changed = update(JobParamsTable.__table__).where(*mine)
        session.execute(changed.values(jobparameters=json.dumps(given)))


def end(session: Transaction, jobs: Mapping[int, str]) -> set[int]:
    """Note that jobs have ended, each in a state; return those that reduce runs."""
    found = runs.of_jobs(session, jobs)
    if not found:
        return set()
    mine = [run.pandaid for run in found if run.pandaid is not None]
    results, errors = _results(session, mine), _errors(session, mine)
    for run in found:
        if run.pandaid is None:
            continue
        said = _said(results.get(run.pandaid))
        state = jobs[run.pandaid]
        if state == "finished":
            kind = KINDS.get(str(said.pop("status", None)), COMPLETE)
        else:
            kind = ERROR
            said["message"] = _error(state, said, errors.get(run.pandaid))
        _close(session, run, kind, said)
    return {*mine}


def _close(
    session: Transaction,
    run: Run,
    kind: str,
    said: Mapping[str, Any],
    more: Mapping[str, Any] | None = None,
) -> None:
    """Note the end of a version, and announce it.

    The record has the folder of the result; the event has those of its copies, too.
    """
    message = said.get("message")
    values: dict[str, Any] = {
        "message": message or None,
        "reduction_log": said.get("reduction_log") or "",
        "admin_log": said.get("admin_log") or "",
        "reduced": (said.get("reduction_data") or [])[:1] if kind == COMPLETE else [],
    }
    if said.get("information"):
        values["host"] = said["information"]
    if kind == COMPLETE and said.get("software"):
        values["software"] = said["software"]
    if message == CANCELLED:
        values["cancelled"] = True
    runs.close(session, run.run_id, STATUSES[kind], values)
    body = {**run.body, "information": run.host or socket.gethostname()}
    body |= {name: said[name] for name in RESULT_KEYS if said.get(name) is not None}
    body |= {"message": message or "", **(more or {})}
    run_events.announce(session, kind, body, run.destinations, run.pandaid)


def _said(result: Any) -> dict[str, Any]:
    """Return the result of a handler, if it is one."""
    return dict(result) if isinstance(result, dict) else {}


def _error(state: str, said: Mapping[str, Any], row: Sequence[str | None] | None) -> str:
    if state in ("cancelled", "closed"):
        return CANCELLED
    known = said.get("message")
    if known:
        return str(known)
    found = [] if row is None else [text for text in row if text]
    return "; ".join(found) or f"the job has {state}"


def _results(session: Transaction, jobs: Collection[int]) -> dict[int, Any]:
    """Return the newest results of jobs."""
    rows = select(META.pandaid, META.metadata).where(is_among(META.pandaid, jobs))
    found = session.execute(rows.order_by(META.modificationtime))
    return {pandaid: _json(text) for pandaid, text in found}


def _json(text: str | None) -> Any:
    try:
        return json.loads(text or "null")
    except ValueError:
        return None


def _errors(session: Transaction, jobs: Collection[int]) -> dict[int, Sequence[str | None]]:
    """Return the texts about the errors of jobs that have ended."""
    texts = JOB.exeerrordiag, JOB.jobdispatchererrordiag, JOB.piloterrordiag
    rows = select(JOB.pandaid, *texts).where(is_among(JOB.pandaid, jobs))
    return {row[0]: row[1:] for row in session.execute(rows)}
