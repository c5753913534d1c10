"""`pandadb queue locks list` and `break`: sessions that have locked jobs of queues, or flows."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from pandadb.cli.confirm import confirm
from pandadb.cli.jobs.choice import by_filter
from pandadb.cli.jobs.filters import of_chosen_jobs
from pandadb.cli.options import AsJSON, DryRun, Quiet, Yes, task_id
from pandadb.cli.output import NOTHING_TO_DO, as_json, out, plain_text, table
from pandadb.cli.queue.verb_command import JobNames
from pandadb.cli.target import changing, connected
from pandadb.services import jobs, queue, selection

COLUMNS = ("locked", "id", "session", "user", "application", "since")


def list_(*, json: AsJSON = False) -> None:
    """List the sessions that have locked jobs of queues, or flows.

    Example: pandadb queue locks list
    """
    with connected() as database:
        _print("Locks", queue.held_locks(database), json)


@of_chosen_jobs
def break_(
    chosen: "jobs.Filter",
    pandaids: JobNames = None,
    *,
    flow: Annotated[
        list[int] | None,
        typer.Option(parser=task_id, metavar="FLOW", help="A flow; can be repeated."),
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """End the sessions that have locked jobs of queues, or flows: each is rolled back.

    The role needs the right to end them: its own sessions, or as a member of pg_signal_backend.
    Exit code 3 if nothing is locked.

    Example: pandadb queue locks break 6012345678 --dry-run
    """
    only_flows = bool(flow) and not pandaids and chosen.is_unconditional
    matching = None if only_flows else by_filter(pandaids, chosen)
    with changing(dry_run=dry_run) as database:
        choice: Any = (
            selection.pandaids(database, pandaids or ())
            if matching is None
            else queue.of_queue(matching)
        )
        found = queue.held_locks(database, choice, flow or [])
        sessions = {one.pid for one in (*found.jobs, *found.flows)}
        if sessions and not dry_run:
            confirm(f"End {len(sessions):,} sessions?", yes)
            found = queue.break_locks(database, choice, flow or [])
    _print("Would be broken" if dry_run else "Broken locks", found, json)
    raise typer.Exit(0 if sessions else NOTHING_TO_DO)


def _print(title: str, found: "queue.HeldLocks", json: bool) -> None:
    if json:
        as_json(asdict(found))
        return
    rows = [
        (kind, plain_text(one.locked), plain_text(one.pid), one.username, one.application,
         one.since and f"{one.since:%Y-%m-%d %H:%M:%S%z}")
        for kind, several in (("job", found.jobs), ("flow", found.flows)) for one in several
    ]  # fmt: skip
    if rows:
        table(title, COLUMNS, rows)
    else:
        out.print("Nothing is locked.")
