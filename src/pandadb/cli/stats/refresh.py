"""`pandadb stats refresh`: counts and sums made anew, for cron."""

from dataclasses import asdict
from typing import Annotated

import typer

from pandadb.cli.options import AsJSON, DryRun, Quiet
from pandadb.cli.output import CODES, as_json, end_of_failed, note, out, progress, table
from pandadb.cli.target import changing
from pandadb.services import statistics


def refresh(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME…", help="Only these tables or views.")
    ] = None,
    *,
    due: Annotated[
        bool, typer.Option("--due", help="Only those whose interval has passed, for cron.")
    ] = False,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Refresh tables of statistics, all but those that only grow and are not due if none is named.

    Idempotent and safe to run concurrently: made for cron. A dry run counts, and is undone. Exit
    code 0 if something was done, 1 if a table failed (the others were done), 3 if none was due, 4
    if another session was refreshing one, or had locked it.

    Example: pandadb stats refresh --due --quiet
    """
    chosen = len(statistics.chosen(names or ()))
    with changing(dry_run=dry_run) as database, progress("tables") as bar:
        task = bar.add_task("Refresh", total=chosen)
        done = statistics.refresh(
            database,
            names or (),
            due=due,
            options=statistics.VerbOptions(dry_run=dry_run),
            tell=lambda name: bar.update(task, advance=1, description=name),
        )
    if json:
        tables = [one._asdict() for one in done.done]
        as_json({**asdict(done), "done": tables, "outcome": done.outcome})
    else:
        _report(done, dry_run=dry_run)
    end_of_failed(done.failed)
    raise typer.Exit(CODES[done.outcome])


def _report(done: "statistics.Refreshed", *, dry_run: bool) -> None:
    rows = [(one.name, one.row_count, one.took_ms) for one in done.done]
    if rows:
        table("Would be refreshed" if dry_run else "Refreshed", ("table", "rows", "ms"), rows)
    elif not done.busy and not done.failed:
        out.print("Nothing was due.")
    for name in done.busy:
        note(f"{name}: another session refreshes it, or has locked it; its rows are the old ones.")
    if dry_run:
        note("Nothing was changed.")
