"""Runs, instruments and variables for operators and users. Each function is one transaction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pandadb.core.control import groups
from pandadb.core.gateway import instruments as known_instruments
from pandadb.core.gateway import received, run_events, runs
from pandadb.core.gateway import variables as known_variables
from pandadb.core.gateway.kinds import READY, ROLES
from pandadb.core.gateway.values import type_of
from pandadb.core.sql.expressions import now
from pandadb.core.sql.validation import InvalidValue, check_number, check_text
from pandadb.services.gateway.intake import GROUPS, cancel_run
from pandadb.services.gateway.reports import values_of
from pandadb.services.gateway.run_jobs import group_of, submit_run
from pandadb.services.queue.attempts import repeated
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from pandadb.core.gateway.instruments import Instrument
    from pandadb.core.gateway.requests import CancelRequest, JobRules, RunKey, Taken, Variable
    from pandadb.core.gateway.runs import Run
    from pandadb.core.gateway.variables import KnownVariable
    from pandadb.database import Database

MAX_RUNS = 100_000
KEPT = 3600.0
"""Seconds that the cancel of an unknown run is kept."""
OF_ONE_VERSION = ("overwrite", "description", "run_description", "started_by")
"""Keys of events that a further version does not have, unless they are given anew."""
LONGEST_NAME = 80
"""Characters of the name of an instrument."""


class UnknownRun(InvalidValue):
    """A run, or a version of it, of which there is no record."""


def list_runs(
    database: Database,
    *,
    instrument: str | None = None,
    rb_number: int | None = None,
    run_number: int | None = None,
    status: str | None = None,
    limit: int = 100,
    after: int = 0,
    before: int | None = None,
) -> list[Run]:
    """Return records of runs, the oldest first; those with numbers above `after`.

    With `before` they are the newest first: those with numbers below it.

    Raises:
        InvalidValue: A number is beyond its limits, or there is no such status.
    """
    check_number("limit", limit, 1, MAX_RUNS)
    if status not in (None, *runs.STATUSES):
        raise InvalidValue(f"A run is one of {', '.join(runs.STATUSES)}, not {status!r}")
    chosen: dict[str, Any] = {"instrument": instrument, "run_number": run_number, "status": status}
    chosen |= {"rb_number": rb_number, "limit": limit, "after": after, "before": before}
    with database.transaction() as connection:
        return runs.listed(connection, **chosen)


def first_versions(
    database: Database, instrument: str, first_run: int, last_run: int
) -> dict[int, Run]:
    """Return the first version of each run of a range that has a record."""
    with database.transaction() as connection:
        return runs.first_of_range(connection, instrument.upper(), first_run, last_run)


def list_instruments(database: Database) -> list[Instrument]:
    """Return the instruments that messages have named, or operators have set."""
    with database.transaction() as connection:
        return known_instruments.listed(connection)


@repeated
def set_instrument(
    database: Database,
    name: str,
    options: VerbOptions = DEFAULT_OPTIONS,
    **settings: bool | None,
) -> Instrument:
    """Set whether an instrument `is_paused`, `is_active` or `is_flat_output`; return it.

    Raises:
        InvalidValue: A setting has another name, or the instrument's name does not fit.
    """
    check_text("instrument", name)
    if not 0 < len(name) <= LONGEST_NAME:
        raise InvalidValue(f"The name of an instrument has 1 to {LONGEST_NAME} characters")
    if unknown := sorted(settings.keys() - {"is_paused", "is_active", "is_flat_output"}):
        raise InvalidValue(f"An instrument has no {unknown[0]}")
    given: dict[str, Any] = {key: value for key, value in settings.items() if value is not None}
    with transaction(database, options) as connection:
        found = known_instruments.seen(connection, name.upper(), is_active=True)
        changed = replace(found, **given)
        known_instruments.put(connection, changed)
        return changed


def list_variables(database: Database, instrument: str | None = None) -> list[KnownVariable]:
    """Return variables for runs to come, the oldest first."""
    with database.transaction() as connection:
        return known_variables.listed(connection, instrument and instrument.upper())


@repeated
def set_variables(
    database: Database,
    instrument: str,
    values: Sequence[Variable],
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    start_run: int | None = None,
    experiment_reference: int | None = None,
) -> None:
    """Set variables for runs to come: from a run on, or for an experiment.

    They hold until they are set again; those of an experiment go before those from a run on, and
    both before reduce_vars.py.

    Raises:
        InvalidValue: Neither a run nor an experiment is given, or both.
    """
    if (start_run is None) == (experiment_reference is None):
        raise InvalidValue("Variables are from a run on, or for an experiment: give one of them")
    with transaction(database, options) as connection:
        known_instruments.seen(connection, instrument.upper(), is_active=True)
        known_variables.put(
            connection,
            instrument.upper(),
            values,
            start_run=start_run,
            experiment_reference=experiment_reference,
        )


@repeated
def cancel(
    database: Database, wanted: CancelRequest, options: VerbOptions = DEFAULT_OPTIONS, *, by: str
) -> Taken:
    """Cancel a run: it ends at once if it is queued, else when its worker has ended the script.

    Of a run that has ended, the version that it is tried or done again as is cancelled.
    One that is not known is cancelled if it comes within an hour.
    """
    with transaction(database, options) as connection:
        return cancel_run(connection, wanted, options.host, KEPT, by, follows=True)


@repeated
def rerun(
    database: Database,
    key: RunKey,
    rules: JobRules,
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    run_version: int | None = None,
    script: str | None = None,
    variables: Mapping[str, Mapping[str, Any]] | None = None,
    overwrite: bool | None = None,
    description: str = "",
    started_by: int | None = None,
) -> Run:
    """Reduce a run again, as its next version; return the record.

    Its script and variables are those of the version, unless others are given.

    Raises:
        UnknownRun: There is no record of it.
        InvalidValue: The script that is given is empty.
    """
    _check_texts(script, description, variables or {})
    with transaction(database, options) as connection:
        groups.lock(connection, [group_of(key)])
        old = runs.newest(connection, key, run_version, locked=False)
        if old is None:
            raise UnknownRun(f"There is no record of run {key.run_number} of {key.instrument}")
        place = known_instruments.seen(connection, key.instrument, is_active=True)
        version = (runs.highest_version(connection, key) or 0) + 1
        given = values_of(old) if variables is None else {**_groups(), **variables}
        changed: dict[str, Any] = {"overwrite": overwrite, "description": description}
        changed |= {"started_by": started_by, "script": old.script if script is None else script}
        changed["variables"] = old.variables if variables is None else _texts(variables)
        body = {name: value for name, value in old.body.items() if name not in OF_ONE_VERSION}
        body |= {"run_version": version, "reduction_arguments": given, **_given(changed)}
        body = run_events.without_nul(body)
        run_id = runs.again(connection, old, version)
        runs.change(connection, run_id, {**changed, "body": body, "pandaid": None})
        submit_run(
            connection, run_id, rules, given, is_flat=place.is_flat_output, host=options.host
        )
        runs.change(connection, old.run_id, {"retry_when": now(), "retry_run": run_id})
        return _record(connection, run_id)


def _check_texts(
    script: str | None, description: str, variables: Mapping[str, Mapping[str, Any]]
) -> None:
    """See that texts of a rerun can be stored.

    Raises:
        InvalidValue: One cannot, or the script is empty; it is named.
    """
    if script is not None and not script.strip():
        raise InvalidValue("The script is empty")
    check_text("script", script or "")
    check_text("description", description)
    for known in variables.values():
        for name, value in known.items():
            check_text("The name of a variable", name)
            check_text(f"The variable {name}", known_variables.text_of(value))


def _record(connection: Connection, run_id: int) -> Run:
    found = runs.by_id(connection, run_id)
    if found is None:
        raise UnknownRun(str(run_id))
    return found


def _groups() -> dict[str, dict[str, Any]]:
    return {group: {} for group in GROUPS.values()}


def _given(changed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of events for values of a record: those that were given."""
    known = {name: changed[name] for name in ("overwrite", "started_by")}
    known |= {"description": changed["description"] or None, "reduction_script": changed["script"]}
    return {name: value for name, value in known.items() if value is not None}


def _texts(given: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, list[str]]]:
    return {
        group: {name: [type_of(one), known_variables.text_of(one)] for name, one in values.items()}
        for group, values in given.items()
        if values
    }


@repeated
def send_messages(
    database: Database,
    destination: str,
    bodies: Sequence[Mapping[str, Any]],
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    keys: Mapping[str, str] | None = None,
    priority: int | None = None,
) -> None:
    """Send messages that ask for reductions, by the outbox."""
    places = {ROLES[READY]: destination, "keys": dict(keys or {})}
    with transaction(database, options) as connection:
        run_events.announce_all(connection, READY, bodies, places, priority=priority)


def forget_messages(database: Database, days: float = 30) -> int:
    """Forget the ids of messages that were received so long ago; return how many.

    One of them that comes again is a new message. Their runs and dead letters stay.
    """
    with database.transaction() as connection:
        return received.forget(connection, days * 86_400)


@repeated
def remove_runs(
    database: Database,
    instrument: str,
    first_run: int,
    last_run: int | None = None,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> int:
    """Remove the records of runs, all versions; return how many.

    Those whose jobs have not ended stay. A run that another system's worker reduces has none.

    Raises:
        InvalidValue: The last run is before the first.
    """
    last = first_run if last_run is None else last_run
    if last < first_run:
        raise InvalidValue(f"The runs {first_run} to {last} are no range")
    with transaction(database, options) as connection:
        return runs.remove(connection, instrument.upper(), first_run, last)
