"""`pandadb tasks notify`: mails on ends of tasks and job sets, put into the outbox."""

from dataclasses import asdict
from typing import Annotated

import typer

from pandadb import config
from pandadb.cli.options import AsJSON, DryRun, Quiet, decimal, whole
from pandadb.cli.output import NOTHING_TO_DO, as_json, out
from pandadb.cli.target import changing
from pandadb.services import notifications


def notify(
    *,
    hours: Annotated[
        float,
        typer.Option(
            parser=decimal(0.01, 24 * 366), metavar="HOURS", help="Ends of so many hours ago."
        ),
    ] = 24,
    both: Annotated[
        bool,
        typer.Option("--both", help="Also the old form, for the job sets of tasks."),
    ] = False,
    limit: Annotated[
        int, typer.Option(parser=whole(1, 100_000), metavar="NUMBER", help="The most ends.")
    ] = 1000,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Put mails into the outbox: to users whose tasks and job sets have ended lately, once each.

    Users are those of the labels user and panda, with an address in USERS that does not begin with
    notsend. `pandadb queue outbox send` sends the mails. Idempotent, for cron. Exit code 3 if there
    is none.

    Example: pandadb tasks notify
    """
    settings = config.load_settings()
    with changing(dry_run=dry_run) as database:
        done = notifications.notify(
            database,
            notifications.VerbOptions(dry_run=dry_run),
            hours=hours,
            limit=limit,
            both_forms=both,
            monitor_url=settings.monitor_url,
        )
    if json:
        as_json(asdict(done))
    else:
        would = " would be" if dry_run else ""
        out.print(f"Mails{would}: {len(done.tasks):,} tasks, {len(done.jobsets):,} job sets.")
    if not (done.tasks or done.jobsets):
        raise typer.Exit(NOTHING_TO_DO)
