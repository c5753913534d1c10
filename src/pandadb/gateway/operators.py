"""Runs, instruments and variables for operators and users, by a gateway's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pandadb.gateway import places, scripts
from pandadb.gateway.rules import job_rules
from pandadb.services import gateway as service
from pandadb.services.gateway import InvalidValue, UnknownRun

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pandadb.database import Database
    from pandadb.gateway.settings import GatewaySettings
    from pandadb.services.gateway import Run, RunKey

MOST_RUNS = 10_000
BY_HAND = 1
"""The priority of messages that are sent by hand."""
SERVICE = -1
"""The user of runs that the service starts itself."""


class RawData(NamedTuple):
    """The raw data of a run, as a catalogue knows them."""

    path: str
    rb_number: int | str


def set_variables(
    database: Database,
    settings: GatewaySettings,
    instrument: str,
    variables: Mapping[str, Mapping[str, Any]],
    *,
    start_run: int | None = None,
    experiment_reference: int | None = None,
) -> None:
    """Set variables for runs to come, with the types that reduce_vars.py has.

    Raises:
        InvalidValue: reduce_vars.py has no such variable, or it has another type; it is named.
    """
    folder = places.script_folder(settings.folders, instrument.upper())
    given = {group: dict(values) for group, values in variables.items()}
    values = [one for one in scripts.merged(scripts.read_variables(folder), given) if one.is_given]
    service.set_variables(
        database,
        instrument,
        values,
        start_run=start_run,
        experiment_reference=experiment_reference,
    )


def rerun(
    database: Database, settings: GatewaySettings, key: RunKey, priority: int = 0, **changes: Any
) -> Run:
    """Reduce a run again, as its next version: see `services.gateway.rerun`.

    Raises:
        UnknownRun: There is no record of it.
    """
    rules = job_rules(settings, {"priority": str(priority)})
    return service.rerun(database, key, rules, **changes)


def submit(
    database: Database,
    settings: GatewaySettings,
    instrument: str,
    first_run: int,
    *,
    last_run: int | None = None,
    find: Callable[[str, int], RawData | None] | None = None,
) -> list[int]:
    """Send a message to DataReady for each of some runs; return their numbers.

    The data of a run are those of its first version; else `find` is asked for them, such as a
    function that looks into a catalogue.

    Raises:
        UnknownRun: The data of a run are not known; no message is sent.
        InvalidValue: The numbers are no range, or one of too many runs.
    """
    last = first_run if last_run is None else last_run
    if not 0 <= last - first_run < MOST_RUNS:
        raise InvalidValue(f"The runs {first_run} to {last} are no range of up to {MOST_RUNS} runs")
    name = instrument.upper()
    bodies = [_body(database, name, run, find) for run in range(first_run, last + 1)]
    service.send_messages(
        database, settings.destinations.data_ready, bodies, keys=settings.keys, priority=BY_HAND
    )
    return [body["run_number"] for body in bodies]


def _body(
    database: Database,
    instrument: str,
    run_number: int,
    find: Callable[[str, int], RawData | None] | None,
) -> dict[str, Any]:
    known = service.list_runs(
        database, instrument=instrument, run_number=run_number, limit=MOST_RUNS
    )
    if known:
        first = min(known, key=lambda run: run.run_version)
        data, facility = RawData(first.data[0], first.rb_number), first.facility
    else:
        found = find(instrument, run_number) if find else None
        if found is None:
            raise UnknownRun(f"The data of run {run_number} of {instrument} are not known")
        data, facility = found, "ISIS"
    return {
        "facility": facility,
        "instrument": instrument,
        "rb_number": data.rb_number,
        "run_number": run_number,
        "data": data.path,
        "started_by": SERVICE,
        "description": "",
        "reduction_arguments": {},
    }
