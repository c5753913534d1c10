"""`pandadb gateway runs cancel`, `rerun`, `submit` and `remove`."""

import json as json_
import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from pandadb.cli.confirm import confirm
from pandadb.cli.gateway.runs import RB, Instrument, Number, Version
from pandadb.cli.gateway.settings import Config, settings_of
from pandadb.cli.options import LARGEST_ID, AsJSON, DryRun, Quiet, Yes, whole
from pandadb.cli.output import INVALID, NOTHING_TO_DO, as_json, fail, out
from pandadb.cli.target import changing
from pandadb.cli.text_input import text_of
from pandadb.cli.user import user_name
from pandadb.gateway import operators
from pandadb.services import gateway

LARGEST_USER = 2**31 - 1
PLACE = re.compile(r"\{run(?::0([1-9][0-9]?))?\}")
"""The run's number in a path, such as `{run}`, or `{run:08}` with zeros before it."""
LastRun = Annotated[
    int | None,
    typer.Argument(
        parser=whole(1, LARGEST_ID), metavar="[LAST]", help="The last run; default: the first."
    ),
]
Values = Annotated[
    list[str] | None,
    typer.Option(
        "--variable", metavar="NAME=VALUE", help="Another value of a variable; can be repeated."
    ),
]


def cancel(
    instrument: Instrument,
    run: Number,
    *,
    rb: RB = None,
    run_version: Version = None,
    ahead: Annotated[
        bool,
        typer.Option("--ahead", help="Also a run that is not known: if it comes within an hour."),
    ] = False,
    by: Annotated[str | None, typer.Option(help="Who cancels; default: your login name.")] = None,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Cancel a run: it ends at once if it waits, else when its worker has ended the script.

    Exit code 3 if it has ended before.

    Example: pandadb gateway runs cancel WISH 101
    """
    options = gateway.VerbOptions(dry_run=dry_run)
    user = user_name() if by is None else by
    with changing(dry_run=dry_run) as database:
        try:
            versions = operators.versions(database, instrument, run, rb)
            found = operators.version_of(versions, run_version)
        except gateway.UnknownRun:
            if not ahead:
                raise
            name = operators.checked_name(instrument)
            wanted = gateway.CancelRequest(run, run_version or 0, name, rb)
            taken = gateway.cancel(database, wanted, options, by=user)
        else:
            taken = operators.cancel(database, found, options, by=user)
    if json:
        as_json(asdict(taken))
    else:
        words = taken.reason or f"job {taken.pandaid} is cancelled, or ends when its script has"
        would = " (nothing is changed)" if dry_run else ""
        out.print(f"Run {run} of {instrument.upper()}{would}: {words}.", markup=False)
    if taken.reason == gateway.ENDED:
        raise typer.Exit(NOTHING_TO_DO)


def rerun(
    instrument: Instrument,
    run: Number,
    *,
    rb: RB = None,
    run_version: Version = None,
    script: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Another script; - for standard input.")
    ] = None,
    variables: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="All variables: JSON with standard_vars and advanced_vars."
        ),
    ] = None,
    variable: Values = None,
    overwrite: Annotated[
        bool | None,
        typer.Option("--overwrite/--no-overwrite", help="Write the folder of version 0 anew."),
    ] = None,
    description: Annotated[str, typer.Option(metavar="TEXT", help="A text for the record.")] = "",
    started_by: Annotated[
        int | None,
        typer.Option(
            parser=whole(-1, LARGEST_USER), metavar="NUMBER", help="The number of the user."
        ),
    ] = None,
    priority: Annotated[
        int, typer.Option(parser=whole(0, 9), metavar="0-9", help="Its priority; 9 comes first.")
    ] = 0,
    config: Config = None,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Reduce a run again as its next version, with the script and variables of a version or others.

    Example: pandadb gateway runs rerun WISH 101 --variable width=5
    """
    if variables is not None and variable:
        fail("--variables has all variables, --variable changes some: give one of them", INVALID)
    settings = settings_of(config)
    changes: dict[str, Any] = {
        "script": None if script is None else text_of(script),
        "overwrite": overwrite, "description": description, "started_by": started_by,
    }  # fmt: skip
    given = None if variables is None else _groups(variables)
    values = named_values(variable or [])
    with changing(dry_run=dry_run) as database:
        found = operators.version_of(operators.versions(database, instrument, run, rb), run_version)
        if values:
            given = operators.changed_variables(found, values)
        again = operators.rerun(
            database, settings, found.key, priority, options=gateway.VerbOptions(dry_run=dry_run),
            run_version=found.run_version, variables=given, **changes,
        )  # fmt: skip
    if json:
        as_json({name: getattr(again, name) for name in ("run_id", "run_version", "pandaid")})
        return
    words = f"version {again.run_version} of run {run}, job {again.pandaid}"
    out.print(f"{'Would be' if dry_run else 'Is'} reduced again: {words}.", markup=False)


def named_values(given: list[str]) -> dict[str, str]:
    """Return values of variables by their names; one that is none ends the command."""
    found = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not name or not sign:
            fail(f"{one[:60]!r} is no value of a variable: write name=value", INVALID)
        found[name] = value
    return found


def _groups(file: Path) -> dict[str, dict[str, Any]]:
    """Return the variables of a file; one that has none ends the command."""
    try:
        found = json_.loads(text_of(file))
    except (ValueError, RecursionError) as error:
        fail(f"{file} is no JSON: {error}", INVALID)
    known = operators.GROUPS
    if not isinstance(found, dict) or not found.keys() <= {*known}:
        fail(f"{file} has to be a JSON object with {known[0]} and {known[1]}", INVALID)
    if not all(isinstance(one, dict) for one in found.values()):
        fail(f"{file}: {known[0]} and {known[1]} have to be objects", INVALID)
    return found


def submit(
    instrument: Instrument,
    first: Number,
    last: LastRun = None,
    *,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="The data of runs without a record: {run} is the number, {run:08} with zeros.",
        ),
    ] = None,
    rb: RB = None,
    config: Config = None,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Send a message to the gateways for each of some runs, as if their data were new.

    The data of a run are those of its first version, else of --data with --rb. Nothing is sent if
    those of one are not known. A run that has a record gets its next version.

    Example: pandadb gateway runs submit WISH 101 110
    """
    if (data is None) != (rb is None):
        fail("--data and --rb belong together: give both, or none", INVALID)
    settings = settings_of(config)

    def find(_instrument: str, run: int) -> operators.RawData | None:
        return None if data is None or rb is None else operators.RawData(_path(data, run), rb)

    with changing(dry_run=dry_run) as database:
        sent = operators.submit(
            database, settings, instrument, first, last_run=last, find=find,
            options=gateway.VerbOptions(dry_run=dry_run),
        )  # fmt: skip
    if json:
        as_json({"runs": sent})
        return
    words = f"{'Would be' if dry_run else 'Are'} submitted: {len(sent):,} runs"
    out.print(f"{words} of {instrument.upper()}.", markup=False)


def _path(template: str, run: int) -> str:
    return PLACE.sub(lambda found: str(run).zfill(int(found[1] or 0)), template)


def remove(
    instrument: Instrument,
    first: Number,
    last: LastRun = None,
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Remove the records of runs, all versions, for good; their results stay.

    Runs with jobs that have not ended are left. Exit code 3 if there are none to remove.

    Example: pandadb gateway runs remove WISH 101 110 --yes
    """
    if last is not None and last < first:
        fail(f"The runs {first} to {last} are no range", INVALID)
    name = operators.checked_name(instrument)
    if not dry_run:
        words = f"run {first}" if last in (None, first) else f"the runs {first} to {last}"
        confirm(f"Remove the records of {words} of {name} for good?", yes)
    with changing(dry_run=dry_run) as database:
        options = gateway.VerbOptions(dry_run=dry_run)
        number = gateway.remove_runs(database, name, first, last, options)
    if json:
        as_json({"removed": number})
    else:
        out.print(f"{'Would be removed' if dry_run else 'Removed'}: {number:,} records of runs.")
    if not number:
        raise typer.Exit(NOTHING_TO_DO)
