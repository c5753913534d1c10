"""`pandadb demo`: something that runs, in a minute and without a server."""

from dataclasses import asdict, astuple
from pathlib import Path
from typing import Annotated

import typer

from pandadb.cli.jobs import name_unknown, yesterday
from pandadb.cli.options import AsJSON
from pandadb.cli.output import as_json, err, out, table
from pandadb.database import Database
from pandadb.services import demo as service


def demo(
    records: Annotated[
        list[Path] | None,
        typer.Option(help="Records of jobs, CSV as the monitor exports them; can be repeated."),
    ] = None,
    json: AsJSON = False,
) -> None:
    """Make a private database, load a task's jobs into it, and show them.

    The database is an embedded PostgreSQL in your data folder, whatever PANDADB_URL says. Without
    --records the jobs are invented.

    Example: pandadb demo --records atlas_jobs_task_13332803.csv
    """
    with (
        err.status("starting a private PostgreSQL") as status,
        Database.private() as database,
    ):
        shown = service.run(database, records or [], yesterday(), status.update)
    for load in shown.loads:
        name_unknown(load)
    if json:
        as_json(asdict(shown))
    else:
        _print(shown)


def _print(shown: service.Shown) -> None:
    for load in shown.loads:
        out.print(
            f"Task {load.jeditaskid}: {load.loaded:,} jobs loaded, {load.present:,} already there."
        )
    table("Jobs per table and state", ("table", "state", "jobs"), map(astuple, shown.statuses))
    table(
        "Finished jobs per site",
        ("site", "jobs", "core hours", "CPU efficiency"),
        map(astuple, shown.sites),
    )
    out.print(NEXT)


NEXT = """
Try next (the same database, as long as PANDADB_URL is not set):
  pandadb db current      which revision the schema has
  pandadb db psql         look into it
  pandadb db check        do models and database agree?
  pandadb jobs count      by any columns: --by computingsite,jobstatus
  pandadb jobs list       which ones? show and history say more of one
  pandadb jobs load       load records of your own (--help says how)
  pandadb db sql          the whole schema as SQL
"""
