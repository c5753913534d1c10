"""`pandadb harvester command`, `register`, `sync` and `clean`: changes of Harvester's tables."""

import json as json_
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

import typer

from pandadb.cli.options import AsJSON, DryRun, Quiet, site_policies, whole
from pandadb.cli.output import CODES, NOTHING_TO_DO, as_json, out, progress, table
from pandadb.cli.target import changing
from pandadb.services import harvester

Minutes = Annotated[
    int | None,
    typer.Option(
        parser=whole(0, 52_000_000),
        metavar="MINUTES",
        help="Not while the same command waits, or was retrieved, for less.",
    ),
]


def command(
    instance: Annotated[str, typer.Argument(metavar="HARVESTER", help="The instance.")],
    name: Annotated[
        str,
        typer.Argument(
            metavar="COMMAND", help="Such as KILL_WORKERS, or SET_N_WORKERS_JOBTYPE:QUEUE."
        ),
    ],
    *,
    params: Annotated[str | None, typer.Option(help="Parameters, JSON.")] = None,
    ack: Annotated[bool, typer.Option(help="Whether the instance has to acknowledge it.")] = True,
    lock: Minutes = None,
    interval: Annotated[
        int | None,
        typer.Option(
            parser=whole(0, 52_000_000),
            metavar="MINUTES",
            help="Not while the same command was carried out less long ago.",
        ),
    ] = None,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Send a command to a Harvester, in place of an earlier one of the same name.

    Exit code 3 if an earlier one keeps it off, 1 if the instance is not registered.

    Example: pandadb harvester command demo REPORT_WORKER_STATS --dry-run
    """
    spans = [None if one is None else timedelta(minutes=one) for one in (lock, interval)]
    wanted = harvester.HarvesterCommand(instance, name, _decoded(params), ack, *spans)
    with changing(dry_run=dry_run) as database:
        (number,) = harvester.send_commands(
            database, wanted, registered=True, options=harvester.VerbOptions(dry_run=dry_run)
        )
    if json:
        as_json({"harvester": instance, "command": name, "command_id": number})
    elif number is None:
        out.print("An earlier command of that name is too young.")
    else:
        sent = "would be sent" if dry_run else f"is sent as {number}"
        out.print(f"{name} {sent} to {instance}.", markup=False, soft_wrap=True)
    if number is None:
        raise typer.Exit(NOTHING_TO_DO)


def _decoded(params: str | None) -> Any:
    if params is None:
        return None
    try:
        return json_.loads(params)
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"--params is no JSON: {error}") from None


def register(
    instances: Annotated[list[str], typer.Argument(metavar="HARVESTER…", help="The instances.")],
    *,
    description: Annotated[str | None, typer.Option(help="Of those that are new.")] = None,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Register Harvester instances that are not yet. Exit code 3 if all are.

    Example: pandadb harvester register CERN_central_A --dry-run
    """
    with changing(dry_run=dry_run) as database:
        new = harvester.register(
            database, instances, description, options=harvester.VerbOptions(dry_run=dry_run)
        )
    if json:
        as_json(new)
    elif new:
        would = "would be" if dry_run else "is"
        for one in new:
            out.print(f"{one} {would} registered.", markup=False, soft_wrap=True)
    else:
        out.print("All are registered.")
    if not new:
        raise typer.Exit(NOTHING_TO_DO)


def sync(*, dry_run: DryRun = False, json: AsJSON = False, _quiet: Quiet = False) -> None:
    """Command Harvester to catch up with pilots that have reported more on their workers, for cron.

    Idempotent; several can run at once. Exit code 3 if there were none.

    Example: pandadb harvester sync --quiet
    """
    with changing(dry_run=dry_run) as database:
        done = harvester.synchronise(database, options=harvester.VerbOptions(dry_run=dry_run))
    if json:
        as_json([asdict(one) for one in done])
    elif done:
        columns = ("harvester", "command", "workers")
        table("Workers", columns, ((one.harvester, one.command, len(one.workers)) for one in done))
    else:
        out.print("No worker is behind its pilot.")
    if not done:
        raise typer.Exit(NOTHING_TO_DO)


def clean(*, dry_run: DryRun = False, json: AsJSON = False, _quiet: Quiet = False) -> None:
    """Delete workers, messages, metrics and commands that are past their retention, for cron.

    Partitions are dropped as a whole, by the policies of `partitions maintain`. Idempotent,
    crash-safe, safe to run concurrently. Exit code 3 if there was nothing to do, 4 if locks were
    not free.

    Example: pandadb harvester clean --dry-run
    """
    policies = site_policies()
    with changing(dry_run=dry_run) as database, progress("rows") as bar:
        bars: dict[str, Any] = {}

        def report(name: str, rows: int) -> None:
            if name not in bars:
                bars[name] = bar.add_task(name, total=None)
            bar.advance(bars[name], rows)

        done = harvester.clean(
            database, policies, report=report, options=harvester.VerbOptions(dry_run=dry_run)
        )
    if json:
        as_json(asdict(done) | {"outcome": done.outcome})
    elif done.dropped or done.deleted:
        rows = [*((name, None) for name in done.dropped), *sorted(done.deleted.items())]
        table("Would go" if dry_run else "Gone", ("partition or table", "rows"), rows)
    else:
        out.print("Nothing is past its retention.")
    raise typer.Exit(CODES[done.outcome])
