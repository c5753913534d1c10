"""`pandadb archive compact`: merge the daily partitions of old months into monthly ones."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pandadb.cli.archive.progress import MaxLag, limits
from pandadb.cli.options import AsJSON, DryRun, Quiet
from pandadb.cli.output import CODES, as_json, end_of_failed, err, note, out, table
from pandadb.cli.target import changing
from pandadb.services import archive

if TYPE_CHECKING:
    from collections.abc import Collection

    from pandadb.services.archive import CompactionResult, SplitMonth


def compact(
    *,
    before: Annotated[
        str | None,
        typer.Option(metavar="MONTH", help="Only earlier months; default: older than 90 days."),
    ] = None,
    max_lag: MaxLag = None,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Merge the daily partitions of old months of the archive into one per month.

    The days are dropped after count and checksums of the new partition match. Idempotent and
    crash-safe. Exit code 0 if something was done, 1 if a month of a table failed (the others were
    done), 3 if there was nothing to do, 4 if a run was at work, 5 if the archive is paused, 6 if
    all months are deferred.

    Example: pandadb archive compact --before 2026-06
    """
    with changing(dry_run=dry_run) as database:
        if dry_run:
            _show("Would merge into one partition", archive.compactable(database, before), json)
            return
        pace = limits(max_lag)
        done = archive.compact(database, before, limits=pace, tell=_tell, tell_wait=_tell_wait)
    if json:
        as_json(asdict(done))
    else:
        _report(done)
    end_of_failed(done.failed)
    sys.exit(CODES[done.outcome])


def _tell(days: SplitMonth) -> None:
    if err.is_terminal:
        err.print(f"{days.table} {days.month}: {days.partitions} partitions", markup=False)


def _tell_wait(why: str) -> None:
    note(f"waiting: {why}", waiting=why)


def _show(title: str, found: Collection[SplitMonth], json: bool) -> None:
    if json:
        as_json([asdict(days) for days in found])
    elif found:
        rows = [(days.table, days.month, days.partitions) for days in found]
        table(title, ("table", "month", "partitions"), rows)
    else:
        out.print("Nothing to do.")


def _report(done: CompactionResult) -> None:
    if done.busy:
        out.print("Another run is at work: nothing was done.")
        return
    if done.paused:
        out.print(f"The archive is {done.paused}.", markup=False, soft_wrap=True)
    for name, rows in done.done.items():
        out.print(f"Made {name}, {rows:,} rows.", markup=False)
    for days in done.put_off:
        out.print(f"Deferred {days.month} of {days.table}: {days.put_off}", markup=False)
    out.print(f"Months merged: {len(done.done)}; deferred: {len(done.put_off)}.")
