"""`pandadb worker drain`: workers that end."""

from typing import Annotated

import typer

from pandadb.cli.options import AsJSON, DryRun, Quiet
from pandadb.cli.output import NOTHING_TO_DO, as_json, note, out
from pandadb.cli.target import changing
from pandadb.services import queue


def drain(
    workers: Annotated[
        list[str] | None, typer.Argument(metavar="[WORKER]...", help="Ids of the workers.")
    ] = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help="All workers.")] = False,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Let workers claim no more jobs, and end when their jobs have ended.

    They hear of it at their next heartbeat. Exit code 1 if an id is that of no running worker, 3 if
    there is none at all.

    Example: pandadb worker drain --all
    """
    if bool(workers) == all_:
        raise typer.BadParameter("Name workers, or use --all.")
    with changing(dry_run=dry_run) as database:
        wanted = workers or [one["worker_id"] for one in queue.workers(database)]
        drained = queue.drain(database, wanted, queue.VerbOptions(dry_run=dry_run))
    missing = sorted({*wanted} - {*drained})
    if json:
        as_json({"drained": drained, "missing": missing})
    for one in () if json else drained:
        out.print(f"{'Would drain' if dry_run else 'Drains'}: {one}", markup=False, soft_wrap=True)
    for one in missing:
        note(f"No worker {one} runs", missing=one)
    if missing:
        raise typer.Exit(1)
    if not drained:
        raise typer.Exit(NOTHING_TO_DO)
