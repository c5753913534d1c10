"""`pandadb gateway instruments`: those that messages have named, paused or not."""

from dataclasses import asdict
from typing import Annotated

import typer

from pandadb.cli.options import AsJSON, DryRun, Quiet
from pandadb.cli.output import as_json, out, table
from pandadb.cli.target import changing, connected
from pandadb.services import gateway

COLUMNS = ("instrument", "active", "paused", "flat output")
Name = Annotated[str, typer.Argument(metavar="INSTRUMENT", help="The instrument, such as WISH.")]


def list_(*, json: AsJSON = False) -> None:
    """List instruments by name.

    Example: pandadb gateway instruments list
    """
    with connected() as database:
        found = gateway.list_instruments(database)
    if json:
        as_json([asdict(one) for one in found])
        return
    rows = ((one.name, one.is_active, one.is_paused, one.is_flat_output) for one in found)
    table("Instruments", COLUMNS, rows)


def pause(
    name: Name, *, dry_run: DryRun = False, json: AsJSON = False, _quiet: Quiet = False
) -> None:
    """Let the runs of an instrument be skipped from now on; each gives an event with the reason.

    Example: pandadb gateway instruments pause WISH
    """
    _set(name, is_paused=True, dry_run=dry_run, json=json)


def resume(
    name: Name, *, dry_run: DryRun = False, json: AsJSON = False, _quiet: Quiet = False
) -> None:
    """Let the runs of an instrument be reduced again.

    Example: pandadb gateway instruments resume WISH
    """
    _set(name, is_paused=False, dry_run=dry_run, json=json)


def _set(name: str, *, is_paused: bool, dry_run: bool, json: bool) -> None:
    with changing(dry_run=dry_run) as database:
        options = gateway.VerbOptions(dry_run=dry_run)
        found = gateway.set_instrument(database, name, options, is_paused=is_paused)
    if json:
        as_json(asdict(found))
        return
    would = "would be" if dry_run else "is"
    out.print(f"{found.name} {would} {'paused' if is_paused else 'reduced'}.", markup=False)
