"""Reports of other systems' workers: the record of a run changes if its state allows it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core.control import groups
from pandadb.core.gateway import received, runs
from pandadb.core.gateway.requests import Taken
from pandadb.core.gateway.values import of_record
from pandadb.core.sql.expressions import now
from pandadb.services.gateway.intake import GROUPS
from pandadb.services.gateway.run_jobs import group_of_number, submit_run
from pandadb.services.queue.attempts import repeated
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from pandadb.core.gateway.requests import JobRules, Received, RunReport
    from pandadb.core.gateway.runs import Run
    from pandadb.database import Database

FROM = {
    runs.PROCESSING: (runs.QUEUED, runs.ERROR),
    runs.COMPLETED: (runs.PROCESSING,),
    runs.ERROR: runs.LIVE,
    runs.SKIPPED: runs.LIVE,
}
"""The states of a run from which a report may lead to another."""
NOTED = "noted"


@repeated
def take_report(
    database: Database,
    message: Received,
    report: RunReport,
    rules: JobRules,
    *,
    warnings: Sequence[str] = (),
    options: VerbOptions = DEFAULT_OPTIONS,
) -> Taken:
    """Note a report on a run; an error that is to be tried again makes its next version.

    A report on a run that is not known, or that its state does not allow, changes nothing. Nor does
    one on a run whose job is pandadb's: its own events come back so.
    """
    with transaction(database, options) as connection:
        message, known = received.enter(connection, message)
        if known is not None:
            return known
        taken = _report(connection, report, rules, options.host)
        received.note(connection, message, taken, [*warnings])
        return taken


def _report(connection: Connection, report: RunReport, rules: JobRules, host: str) -> Taken:
    # before the record, as at the ends of jobs
    groups.lock(connection, [group_of_number(report.rb_number)])
    key = runs.named(connection, report.instrument, report.rb_number, report.run_number)
    run = None if key is None else runs.newest(connection, key, report.run_version)
    if run is None:
        return Taken(NOTED, None, "the run is not known")
    if run.pandaid is not None:
        return Taken(NOTED, run.pandaid, "the run is reduced by a job of pandadb")
    if run.status not in FROM[report.status]:
        return Taken(NOTED, None, f"a run that is {run.status} does not become {report.status}")
    if report.status == runs.PROCESSING:
        runs.change(connection, run.run_id, {"status": report.status, "started_at": now()})
        return Taken(NOTED)
    runs.close(connection, run.run_id, report.status, report.values)
    if report.status == runs.ERROR and report.retry_in is not None and not run.cancelled:
        return _again(connection, run, report, rules, host)
    return Taken(NOTED)


def _again(
    connection: Connection, run: Run, report: RunReport, rules: JobRules, host: str
) -> Taken:
    """Make the next version of a run, with its job, unless it has had the last one."""
    version = (runs.highest_version(connection, run.key) or 0) + 1
    if version > rules.last_version:
        return Taken(NOTED, None, f"version {rules.last_version} is the last one")
    retry_in = report.retry_in or 0
    later = runs.again(connection, run, version, report.started_by)
    pandaid = submit_run(
        connection, later, rules, values_of(run), is_flat=False, host=host, delay=retry_in
    )
    when = connection.execute(select(now())).scalar_one() + timedelta(seconds=retry_in)
    runs.change(connection, run.run_id, {"retry_when": when, "retry_run": later})
    return Taken(NOTED, pandaid)


def values_of(run: Run) -> dict[str, dict[str, Any]]:
    """Return the variables of a run as values: those of its events, else those of its record."""
    given = run.body.get("reduction_arguments")
    known = given if isinstance(given, dict) else {}
    return {group: _values(run, known.get(group), group) for group in GROUPS.values()}


def _values(run: Run, given: Any, group: str) -> dict[str, Any]:
    texts = run.variables.get(group, {})
    if isinstance(given, dict) and given.keys() == texts.keys():
        return given
    return {name: of_record(name, text, kind) for name, (kind, text) in texts.items()}
