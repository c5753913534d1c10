"""Messages of a broker that become jobs, cancels and events: each in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.control import groups
from pandadb.core.gateway import cancels, instruments, received, run_events, runs, variables
from pandadb.core.gateway.kinds import ERROR, SKIPPED
from pandadb.core.gateway.requests import Taken
from pandadb.core.gateway.run_ends import CANCELLED
from pandadb.core.gateway.values import NUMBER, of_record
from pandadb.core.queue import cancels as job_cancels
from pandadb.core.queue import submission
from pandadb.core.queue.input.new_jobs import NewQueueJob
from pandadb.services.queue.attempts import repeated
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from pandadb.core.gateway.requests import (
        CancelRequest,
        JobRules,
        Received,
        RunKey,
        RunRequest,
    )
    from pandadb.database import Database

BY = "gateway"
"""The name with which cancels of messages are noted."""
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
        taken = _run(connection, message, wanted, rules, options.host)
        received.note(connection, message, taken, [*warnings])
        return taken


def _run(
    connection: Connection, message: Received, wanted: RunRequest, rules: JobRules, host: str
) -> Taken:
    cancels.lock(connection, wanted.key.run_number)
    groups.lock(connection, [group_of(wanted.key)])  # a retry of the run has it, too
    instrument = instruments.seen(connection, wanted.key.instrument, is_active=False)
    version = wanted.run_version
    if version is None:
        highest = runs.highest_version(connection, wanted.key)
        version = 0 if highest is None else highest + 1
    known, given = _variables(connection, wanted)
    source, places = message.source, message.destinations
    run_id = runs.add(connection, wanted, version, known, source=source, destinations=places)
    body = run_events.without_nul(_body(wanted, version, given))
    runs.change(connection, run_id, {"body": body})
    reason = wanted.skipped
    if wanted.error is not None:
        return _ended(connection, run_id, ERROR, wanted.error)
    if cancels.take(connection, wanted.key, version):
        return _ended(connection, run_id, ERROR, CANCELLED)
    if reason is None and instrument.is_paused:
        name = instrument.name
        reason = f"Run {wanted.key.run_number} is skipped, as the instrument {name} is paused"
    if reason is not None:
        return _ended(connection, run_id, SKIPPED, reason, rules.priority)
    instruments.activate(connection, instrument)
    pandaid = submit_run(
        connection, run_id, rules, given, is_flat=instrument.is_flat_output, host=host
    )
    return Taken("job", pandaid)


def _variables(
    connection: Connection, wanted: RunRequest
) -> tuple[dict[str, dict[str, list[str]]], dict[str, dict[str, Any]]]:
    """Return the variables of a run: with types and texts for its record, and as values."""
    given: dict[str, dict[str, Any]] = {group: {} for group in GROUPS.values()}
    known: dict[str, dict[str, list[str]]] = {}
    if wanted.error is not None:
        return known, given
    found = {one.name: (one.type, variables.text_of(one.value)) for one in wanted.variables}
    if wanted.variables_last:
        found = variables.of_run(connection, wanted.key, wanted.variables)
    for one in wanted.variables:
        kind, text = found[one.name]
        is_own = (kind, text) == (one.type, variables.text_of(one.value)) and kind != NUMBER
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
    connection: Connection, run_id: int, kind: str, reason: str, priority: int | None = None
) -> Taken:
    """End a run that is not reduced: its record and the event have the reason."""
    run = runs.by_id(connection, run_id)
    if run is None:
        raise LookupError(run_id)
    status = runs.ERROR if kind == ERROR else runs.SKIPPED
    is_cancelled = reason == CANCELLED
    said = {"message": reason, "reduction_log": "" if is_cancelled else reason}
    runs.close(connection, run_id, status, {**said, "cancelled": is_cancelled})
    body = {**run.body, **said}
    run_events.announce(connection, kind, body, run.destinations, priority=priority)
    return Taken("cancel" if is_cancelled else status.lower(), None, reason)


def submit_run(
    connection: Connection,
    run_id: int,
    rules: JobRules,
    given: Mapping[str, Any],
    *,
    is_flat: bool,
    host: str,
    delay: float = 0,
) -> int:
    """Submit the job of a run, one at a time of an RB number; return its PandaID."""
    run = runs.by_id(connection, run_id)
    if run is None:
        raise LookupError(run_id)
    job = NewQueueJob(
        rules.queue,
        f"RB{run.rb_number} {run.instrument} {run.run_number} version {run.run_version}",
        handler=rules.handler,
        arguments={"run": _argument(run, given, is_flat), **rules.arguments},
        timeout=rules.timeout,
        priority=rules.priority,
        group=group_of(run.key),
        delay=delay,
        max_attempts=max(1, rules.last_version - run.run_version + 1),
        announce=True,
    )
    (pandaid,) = submission.submit(connection, [job], host).pandaids
    runs.change(connection, run_id, {"pandaid": pandaid})
    return pandaid


def group_of(key: RunKey) -> str:
    """Return the group of the jobs of an RB number."""
    return f"RB{key.rb_number}"


def _argument(run: runs.Run, given: Mapping[str, Any], is_flat: bool) -> dict[str, Any]:
    return {
        "facility": run.facility,
        "instrument": run.instrument,
        "rb_number": run.rb_number,
        "run_number": run.run_number,
        "run_version": run.run_version,
        "data": run.data[0] if run.data else "",
        "script": run.script,
        "variables": given,
        "overwrite": bool(run.overwrite),
        "description": run.description,
        "is_flat": is_flat,
    }


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
    cancels.lock(connection, wanted.run_number)
    found = runs.to_cancel(connection, wanted)
    if not found:
        cancels.keep(connection, wanted, seconds)
        return Taken("cancel", None, "the run is not known: the cancel is kept")
    if follows:
        found = [runs.latest(connection, run) for run in found]
    live = [run for run in found if run.status in runs.LIVE]
    if not live:
        return Taken("cancel", None, "the run has ended")
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
            _ended(connection, run.run_id, ERROR, CANCELLED)


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
