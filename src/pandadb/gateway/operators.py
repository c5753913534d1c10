"""Runs, instruments and variables for operators and users, by a gateway's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pandadb.gateway import places, scripts
from pandadb.gateway.messages import INSTRUMENT
from pandadb.gateway.rules import job_rules
from pandadb.services import gateway as service
from pandadb.services.gateway import (
    CancelRequest,
    InvalidValue,
    RunKey,
    UnknownRun,
    VerbOptions,
    converted,
    values_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pandadb.database import Database
    from pandadb.gateway.settings import GatewaySettings
    from pandadb.services.gateway import Run, Taken, Variable

DEFAULT_OPTIONS = VerbOptions()
GROUPS = ("standard_vars", "advanced_vars")
MOST_RUNS = 10_000
MOST_VERSIONS = 1000
BY_HAND = 1
"""The priority of messages that are sent by hand."""
SERVICE = -1
"""The user of runs that the service starts itself."""


class RawData(NamedTuple):
    """The raw data of a run, as a catalogue knows them."""

    path: str
    rb_number: int | str


def checked_name(instrument: str) -> str:
    """Return the name of an instrument, in capitals.

    Raises:
        InvalidValue: No instrument can have it.
    """
    if not INSTRUMENT.fullmatch(instrument):
        shown = instrument[:60].encode("utf-8", "replace").decode()
        raise InvalidValue(f"The name of an instrument has letters, digits, - and _, not {shown!r}")
    return instrument.upper()


def versions(
    database: Database, instrument: str, run_number: int, rb_number: int | None = None
) -> list[Run]:
    """Return the records of a run by versions, the highest last.

    Raises:
        UnknownRun: There is none.
        InvalidValue: There are records of several RB numbers, and none is given.
    """
    name = checked_name(instrument)
    found = service.list_runs(
        database, instrument=name, run_number=run_number, rb_number=rb_number,
        limit=MOST_VERSIONS,
    )  # fmt: skip
    if not found:
        raise UnknownRun(f"There is no record of run {run_number} of {name}")
    known = sorted({run.rb_number for run in found})
    if len(known) > 1:
        words = ", ".join(map(str, known))
        raise InvalidValue(f"Run {run_number} has the RB numbers {words}: name one of them")
    return sorted(found, key=lambda run: (run.run_version, run.run_id))


def version_of(found: list[Run], run_version: int | None) -> Run:
    """Return a version of a run, or the highest.

    Raises:
        UnknownRun: There is no such version.
    """
    for run in reversed(found):
        if run_version in (None, run.run_version):
            return run
    known = ", ".join(str(run.run_version) for run in found)
    raise UnknownRun(f"Run {found[0].run_number} has the versions {known}, and no {run_version}")


def cancel(
    database: Database, run: Run, options: VerbOptions = DEFAULT_OPTIONS, *, by: str
) -> Taken:
    """Cancel a version of a run: see `services.gateway.cancel`."""
    wanted = CancelRequest(run.run_number, run.run_version, run.instrument, run.rb_number)
    return service.cancel(database, wanted, options, by=by)


def changed_variables(run: Run, changes: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the variables of a run with some changed, each a text that becomes its type.

    Raises:
        InvalidValue: The run has no such variable, or it has another type; it is named.
    """
    kinds = {name: kind for known in run.variables.values() for name, (kind, _) in known.items()}
    if unknown := sorted(changes.keys() - kinds.keys()):
        raise InvalidValue(f"Run {run.run_number} has no variable {unknown[0][:60]!r}")
    return {
        group: {
            name: converted(name, changes[name], run.variables[group][name][0])
            if name in changes
            else value
            for name, value in values.items()
        }
        for group, values in values_of(run).items()
    }


def grouped(
    settings: GatewaySettings, instrument: str, values: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return values of variables in the groups that reduce_vars.py has them in.

    Raises:
        InvalidValue: It has no such variable, or cannot be run.
    """
    known = scripts.read_variables(places.script_folder(settings.folders, checked_name(instrument)))
    found: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
    for name, value in values.items():
        mine = [group for group in GROUPS if name in getattr(known, group)]
        if not mine and known.is_there:
            raise InvalidValue(f"{scripts.VARIABLES} has no variable {name[:60]!r}")
        found[mine[0] if mine else GROUPS[0]][name] = value
    return found


def set_variables(
    database: Database,
    settings: GatewaySettings,
    instrument: str,
    variables: Mapping[str, Mapping[str, Any]],
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    start_run: int | None = None,
    experiment_reference: int | None = None,
) -> list[Variable]:
    """Set variables for runs to come, with the types that reduce_vars.py has; return them.

    The others of reduce_vars.py that are not known yet are set, too, to the values that they have.

    Raises:
        InvalidValue: reduce_vars.py has no such variable, or it has another type; it is named.
    """
    folder = places.script_folder(settings.folders, checked_name(instrument))
    given = {group: dict(values) for group, values in variables.items()}
    values = scripts.merged(scripts.read_variables(folder), given)
    service.set_variables(
        database,
        instrument,
        values,
        options,
        start_run=start_run,
        experiment_reference=experiment_reference,
    )
    return [one for one in values if one.is_given]


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
    options: VerbOptions = DEFAULT_OPTIONS,
) -> list[int]:
    """Send a message to DataReady for each of some runs; return their numbers.

    The data of a run are those of its first version; else `find` is asked for them, such as a
    function that looks into a catalogue.

    Raises:
        UnknownRun: The data of a run are not known; no message is sent.
        InvalidValue: The numbers are no range, or one of too many runs.
    """
    name, last = checked_name(instrument), first_run if last_run is None else last_run
    if not 0 <= last - first_run < MOST_RUNS:
        raise InvalidValue(f"The runs {first_run} to {last} are no range of up to {MOST_RUNS} runs")
    known = service.first_versions(database, name, first_run, last)
    bodies = [_body(name, run, known.get(run), find) for run in range(first_run, last + 1)]
    service.send_messages(
        database, settings.destinations.data_ready, bodies, options,
        keys=settings.keys, priority=BY_HAND,
    )  # fmt: skip
    return [body["run_number"] for body in bodies]


def _body(
    instrument: str,
    run_number: int,
    known: Run | None,
    find: Callable[[str, int], RawData | None] | None,
) -> dict[str, Any]:
    if known is not None and known.data:
        data, facility = RawData(known.data[0], known.rb_number), known.facility
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
