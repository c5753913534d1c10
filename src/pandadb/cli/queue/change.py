"""`pandadb queue reap`, `repair` and `groups set`: leases, rows and groups of queued jobs."""

from dataclasses import asdict
from typing import Annotated

import typer

from pandadb.cli.options import AsJSON, DryRun, Quiet, whole
from pandadb.cli.output import NOTHING_TO_DO, as_json, out, plain_text, table
from pandadb.cli.target import changing
from pandadb.services import queue

Limit = Annotated[
    int, typer.Option(parser=whole(1, 100_000), metavar="NUMBER", help="The most jobs at once.")
]


def reap(
    *,
    limit: Limit = 1000,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """End expired leases: their jobs are tried again, cancelled or failed.

    Workers do that by themselves. Exit code 3 if there are none.

    Example: pandadb queue reap
    """
    with changing(dry_run=dry_run) as database:
        done = queue.reap(database, queue.VerbOptions(dry_run=dry_run), limit=limit)
    if json:
        as_json(asdict(done))
    else:
        parts = {"requeued": done.requeued, "failed": done.failed, "cancelled": done.cancelled}
        words = ", ".join(f"{name} {len(jobs)}" for name, jobs in parts.items())
        out.print(f"{'Would be' if dry_run else 'Leases ended'}: {words}.")
    if not done.number:
        raise typer.Exit(NOTHING_TO_DO)


def repair(
    *,
    limit: Limit = 1000,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Put the rows of queued jobs in order that another program has moved or ended.

    Ends are noted with children and groups, leases without a worker end, jobs of groups get a place
    or wait for one. Idempotent: workers do it every five minutes. Exit code 3 if all is in order.

    Example: pandadb queue repair --dry-run
    """
    with changing(dry_run=dry_run) as database:
        done = queue.repair(database, queue.VerbOptions(dry_run=dry_run), limit=limit)
    if json:
        as_json(asdict(done))
    else:
        title = "Would be repaired" if dry_run else "Repaired"
        table(title, ("what", "number", "examples"), _rows(done))
    if not done.number:
        raise typer.Exit(NOTHING_TO_DO)


def _rows(done: "queue.RepairResult") -> list[tuple[str, int, str]]:
    found = asdict(done)
    return [
        (queue.REPAIRS[name], len(rows), ", ".join(plain_text(row) or "" for row in [*rows][:3]))
        for name, rows in found.items()
        if rows
    ]


def set_(
    group_key: Annotated[str, typer.Argument(metavar="GROUP", help="The group.")],
    most: Annotated[
        int,
        typer.Argument(
            parser=whole(1, 1_000_000), metavar="LIMIT", help="How many jobs may run at once."
        ),
    ],
    *,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Set how many jobs of a group may run at once. A lower limit ends no job.

    Example: pandadb queue groups set RB1910234 2
    """
    with changing(dry_run=dry_run) as database:
        admitted = queue.set_group(database, group_key, most, queue.VerbOptions(dry_run=dry_run))
    if json:
        as_json({"group": group_key, "max_running": most, "admitted": admitted})
    else:
        words = "would be admitted" if dry_run else "are admitted"
        out.print(f"{len(admitted):,} jobs more {words}.")
