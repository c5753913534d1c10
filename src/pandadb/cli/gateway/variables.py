"""`pandadb gateway variables`: values of variables that users have set for runs to come."""

from dataclasses import asdict
from typing import Annotated

import typer

from pandadb.cli.gateway.run_changes import named_values
from pandadb.cli.gateway.runs import Instrument
from pandadb.cli.gateway.settings import Config, settings_of
from pandadb.cli.options import LARGEST_ID, AsJSON, DryRun, Quiet, whole
from pandadb.cli.output import INVALID, as_json, fail, out, plain_text, table
from pandadb.cli.target import changing, connected
from pandadb.gateway import operators
from pandadb.services import gateway

COLUMNS = ("instrument", "variable", "value", "type", "advanced", "from run", "RB number", "set by")
Values = Annotated[
    list[str], typer.Argument(metavar="NAME=VALUE...", help="Variables; lists with commas.")
]


def list_(
    *,
    instrument: Annotated[
        str | None, typer.Option(metavar="NAME", help="Those of an instrument.")
    ] = None,
    json: AsJSON = False,
) -> None:
    """List the variables of instruments for runs to come, the oldest first.

    Those of reduce_vars.py follow the file; those that a user has set hold until they are set
    again.

    Example: pandadb gateway variables list --instrument WISH
    """
    name = None if instrument is None else operators.checked_name(instrument)
    with connected() as database:
        found = gateway.list_variables(database, name)
    if json:
        as_json([asdict(one) for one in found])
        return
    rows = (
        (
            one.instrument, one.name, one.value, one.type, one.is_advanced,
            plain_text(one.start_run), plain_text(one.experiment_reference),
            "reduce_vars.py" if one.tracks_script else "a user",
        )
        for one in found
    )  # fmt: skip
    table("Variables", COLUMNS, rows)


def set_(
    instrument: Instrument,
    values: Values,
    *,
    from_run: Annotated[
        int | None,
        typer.Option(parser=whole(1, LARGEST_ID), metavar="RUN", help="For this run and later."),
    ] = None,
    rb: Annotated[
        int | None,
        typer.Option(
            parser=whole(1, LARGEST_ID), metavar="NUMBER", help="For runs of an RB number."
        ),
    ] = None,
    config: Config = None,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Set variables of an instrument for runs to come: from a run on, or of an RB number.

    They get the types that reduce_vars.py has, and hold until they are set again. A message that
    has a variable wins.

    Example: pandadb gateway variables set WISH width=5 --from-run 101
    """
    if (from_run is None) == (rb is None):
        fail("Variables are from a run on, or for an RB number: give --from-run or --rb", INVALID)
    settings = settings_of(config)
    given = operators.grouped(settings, instrument, named_values(values))
    with changing(dry_run=dry_run) as database:
        found = operators.set_variables(
            database, settings, instrument, given, gateway.VerbOptions(dry_run=dry_run),
            start_run=from_run, experiment_reference=rb,
        )  # fmt: skip
    if json:
        as_json([asdict(one) for one in found])
        return
    would = "Would be set" if dry_run else "Set"
    words = ", ".join(f"{one.name} = {one.value!r}" for one in found)
    out.print(f"{would} for {instrument.upper()}: {words}.", markup=False, soft_wrap=True)
