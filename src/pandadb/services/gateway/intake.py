"""Messages of a broker that become jobs, cancels and events: each in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pandadb.core.control import groups
from pandadb.core.gateway import cancels, instruments, received, run_events, runs, variables
from pandadb.core.gateway.kinds import ERROR, SKIPPED
from pandadb.core.gateway.requests import AskedRun, Taken
from pandadb.core.gateway.run_ends import CANCELLED
from pandadb.core.gateway.values import NUMBER, of_record
from pandadb.core.queue import cancels as job_cancels
from pandadb.services.gateway.run_jobs import group_of, submit_runs
from pandadb.services.queue.attempts import repeated
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection

    from pandadb.core.gateway.instruments import Instrument
    from pandadb.core.gateway.requests import (
        CancelRequest,
        JobRules,
        Received,
        RunKey,
        RunRequest,
    )
    from pandadb.core.gateway.runs import Run
    from pandadb.database import Database

BY = "gateway"
"""The name with which cancels of messages are noted."""
ENDED = "the run has ended"
GROUPS = {False: "standard_vars", True: "advanced_vars"}


@repeated
def take_run(
    database: Database,
    message: Received,
    wanted: RunRequest,
    rules: JobRules,
    *,
    warnings: Sequence[str] = (),
    options: VerbOptions = DEFAULT_OPTIONS,
) -> Taken:
    """Take a run that a message asks for: its record, and a job, or an event with the reason.

    A message that was received before changes nothing.
    """
    with transaction(database, options) as connection:
        message, known = received.enter(connection, message)
        if known is not None:
            return known
        (taken,) = _runs(connection, [AskedRun(message, wanted, rules)], options.host)
        received.note(connection, message, taken, warnings)
        return taken


@repeated
def take_runs(
    database: Database, asked: Sequence[AskedRun], options: VerbOptions = DEFAULT_OPTIONS
) -> list[Taken] | None:
    """Take runs that messages ask for, in their order, in one transaction, as `take_run` does.

    None if one of the messages was received before: nothing was changed then.
    """
    with transaction(database, options) as connection:
        if not received.enter_new(connection, [one.message for one in asked]):
            connection.rollback()
            return None
        taken = _runs(connection, asked, options.host)
        results = zip(asked, taken, strict=True)
        received.note_all(connection, [(one.message, what, one.warnings) for one, what in results])
        return taken


class _Counted(NamedTuple):
    """A run with its version and variables; or its end, if it is not reduced."""

    version: int
    variables: dict[str, dict[str, list[str]]]
    given: dict[str, dict[str, Any]]
    end: tuple[str, str] | None


def _runs(connection: Connection, asked: Sequence[AskedRun], host: str) -> list[Taken]:
    keys = [one.wanted.key for one in asked]
    numbers = {key.run_number for key in keys}
    cancels.lock(connection, numbers)
    groups.lock(connection, map(group_of, keys))  # retries of the runs have them, too
    names = sorted({key.instrument for key in keys})
    known = {name: instruments.seen(connection, name, is_active=False) for name in names}
    kept = cancels.numbers(connection, numbers)
    versions = runs.highest_versions(connection, {*keys})
    counted = [_counted(connection, one.wanted, known, versions, kept) for one in asked]
    made = runs.add(connection, list(map(_row, asked, counted)))
    found = {
        run.run_id: _ended(connection, run, *what.end, one.rules.priority)
        for run, one, what in zip(made, asked, counted, strict=True)
        if what.end is not None
    }
    queued = [
        (run, one.rules, what.given, known[run.instrument].is_flat_output)
        for run, one, what in zip(made, asked, counted, strict=True)
        if what.end is None
    ]
    for name in {run.instrument for run, *_ in queued}:
        instruments.activate(connection, known[name])
    jobs = submit_runs(connection, queued, host)
    found |= {run_id: Taken("job", pandaid) for run_id, pandaid in jobs.items()}
    return [found[run.run_id] for run in made]


def _counted(
    connection: Connection,
    wanted: RunRequest,
    known: Mapping[str, Instrument],
    versions: dict[RunKey, int],
    kept: Collection[int],
) -> _Counted:
    """Count a version of a run; see whether it is cancelled, or skipped."""
    key, version = wanted.key, wanted.run_version
    if version is None:
        version = versions.get(key, -1) + 1
    versions[key] = max(version, versions.get(key, -1))
    variables_known, given = _variables(connection, wanted)
    end = None
    if wanted.error is not None:
        end = ERROR, wanted.error
    elif key.run_number in kept and cancels.take(connection, key, version):
        end = ERROR, CANCELLED
    elif wanted.skipped is not None:
        end = SKIPPED, wanted.skipped
    elif known[key.instrument].is_paused:
        words = f"is skipped, as the instrument {key.instrument} is paused"
        end = SKIPPED, f"Run {key.run_number} {words}"
    return _Counted(version, variables_known, given, end)


def _row(one: AskedRun, what: _Counted) -> dict[str, Any]:
    """Return the record of a run."""
    return runs.new_row(
        one.wanted,
        what.version,
        what.variables,
        body=run_events.without_nul(_body(one.wanted, what.version, what.given)),
        source=one.message.source,
        destinations=one.message.destinations,
    )


def _variables(
    connection: Connection, wanted: RunRequest
) -> tuple[dict[str, dict[str, list[str]]], dict[str, dict[str, Any]]]:
    """Return the variables of a run: with types and texts for its record, and as values."""
    given: dict[str, dict[str, Any]] = {group: {} for group in GROUPS.values()}
    known: dict[str, dict[str, list[str]]] = {}
    if wanted.error is not None:
        return known, given
    found = dict[str, tuple[str, str]]()
    if wanted.variables_last:
        found = variables.of_run(connection, wanted.key, wanted.variables)
    for one in wanted.variables:
        own = one.type, variables.text_of(one.value)
        kind, text = found.get(one.name, own)
        is_own = (kind, text) == own and (kind != NUMBER or not wanted.variables_last)
        group = GROUPS[one.is_advanced]
        given[group][one.name] = one.value if is_own else of_record(one.name, text, kind)
        known.setdefault(group, {})[one.name] = [kind, text]
    return known, given


def _body(wanted: RunRequest, version: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of the events of a run: those of its message, completed."""
    body = {**wanted.body, "run_version": version}
    body.setdefault("reduction_arguments", given)
    if wanted.script is not None:
        body.setdefault("reduction_script", wanted.script)
    return body


def _ended(
    connection: Connection, run: Run, kind: str, reason: str, priority: int | None = None
) -> Taken:
    """End a run that is not reduced: its record and the event have the reason.

    The event of a skipped run has the priority of its message.
    """
    status = runs.ERROR if kind == ERROR else runs.SKIPPED
    is_cancelled = reason == CANCELLED
    said = {"message": reason, "reduction_log": "" if is_cancelled else reason}
    runs.close(connection, run.run_id, status, {**said, "cancelled": is_cancelled})
    body = {**run.body, **said}
    run_events.announce(
        connection, kind, body, run.destinations, priority=priority if kind == SKIPPED else None
    )
    return Taken("cancel" if is_cancelled else status.lower(), None, reason)


@repeated
def take_cancel(
    database: Database,
    message: Received,
    wanted: CancelRequest,
    seconds: float,
    *,
    warnings: Sequence[str] = (),
    options: VerbOptions = DEFAULT_OPTIONS,
) -> Taken:
    """Cancel the run that a message names; one that is not known is cancelled if it comes soon.

    A run that has ended is left as it is.
    """
    with transaction(database, options) as connection:
        message, known = received.enter(connection, message)
        if known is not None:
            return known
        taken = cancel_run(connection, wanted, options.host, seconds)
        received.note(connection, message, taken, [*warnings])
        return taken


def cancel_run(
    connection: Connection,
    wanted: CancelRequest,
    host: str,
    seconds: float,
    by: str = BY,
    *,
    follows: bool = False,
) -> Taken:
    """Cancel the jobs of a run, or keep the cancel for so many seconds if there is no record.

    With `follows` the version that a run which has ended is tried again as is cancelled, if it has
    not ended, too. A run without a job here is another system's: one that is queued ends, one that
    is in progress is not tried again.
    """
    cancels.lock(connection, [wanted.run_number])
    found = runs.to_cancel(connection, wanted)
    if not found:
        cancels.keep(connection, wanted, seconds)
        return Taken("cancel", None, "the run is not known: the cancel is kept")
    if follows:
        found = [runs.latest(connection, run) for run in found]
    live = [run for run in found if run.status in runs.LIVE]
    if not live:
        return Taken("cancel", None, ENDED)
    jobs = sorted({run.pandaid for run in live if run.pandaid is not None})
    if jobs:
        job_cancels.cancel(connection, jobs, by=by, host=host)
    for run in live:  # after the job: its end locks in this order, too
        runs.change(connection, run.run_id, {"cancelled": True})
    _end_foreign(connection, [run for run in live if run.pandaid is None])
    return Taken("cancel", jobs[-1] if jobs else None)


def _end_foreign(connection: Connection, foreign: Sequence[runs.Run]) -> None:
    """End the queued ones of runs that other systems reduce."""
    groups.lock(connection, [group_of(run.key) for run in foreign])
    for run in foreign:
        now = runs.by_id(connection, run.run_id)
        if now is not None and now.status == runs.QUEUED:
            _ended(connection, now, ERROR, CANCELLED)


@repeated
def refuse(
    database: Database,
    message: Received,
    reason: str,
    body: Mapping[str, Any],
    options: VerbOptions = DEFAULT_OPTIONS,
) -> Taken:
    """Keep a message that never can be worked on as a dead letter, and announce the error."""
    with transaction(database, options) as connection:
        message, known = received.enter(connection, message)
        if known is not None:
            return known
        received.bury(connection, message, reason)
        values = {**body, "message": reason, "error": reason}
        run_events.announce(connection, ERROR, values, message.destinations)
        taken = Taken("error", None, reason)
        received.note(connection, message, taken, [])
        return taken


@repeated
def note_failure(database: Database, message: Received, error: str) -> int:
    """Note a delivery that has failed; return how often the message was delivered."""
    with database.transaction() as connection:
        return received.note_failure(connection, message, error)
