"""`pandadb jobs`: submit, find, move and end jobs."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from pandadb import config
from pandadb.cli.archive import copy
from pandadb.cli.jobs import change, contents, end, find, properties
from pandadb.cli.jobs.graph import graph
from pandadb.cli.jobs.report import report
from pandadb.cli.options import DAY, AsJSON, DryRun, Quiet, moment, task_id
from pandadb.cli.output import as_json, note, out, progress
from pandadb.cli.target import changing
from pandadb.services import jobs

app = typer.Typer(help="Jobs: submit, find, move, end.", no_args_is_help=True)

app.command()(change.submit)
app.command("list")(find.list_)
app.command()(find.show)
app.command()(find.count)
app.command()(find.history)
app.command()(graph)
app.command()(report)
app.command()(contents.output)
app.command()(contents.files)
app.command()(contents.todir)
app.command()(contents.dump)
app.command()(change.move)
app.command()(end.kill)
app.command("set")(properties.set_)
app.command()(change.retry)
app.command()(end.expire)


def yesterday() -> date:
    """Return yesterday's date in UTC."""
    return datetime.now(UTC).date() - timedelta(days=1)


UNITS = {"reading": "bytes", "loading": "jobs"}


def name_unknown(loaded: jobs.LoadResult) -> None:
    """Print the columns of a file that were ignored."""
    if loaded.unknown_columns:
        names = loaded.unknown_columns
        note(f"Not loaded, unknown columns: {', '.join(names)}", unknown_columns=names)


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="Records exported by the monitor, CSV.")],
    jeditaskid: Annotated[
        int,
        typer.Option(parser=task_id, metavar="TASK", help="The task of the jobs."),
    ],
    when: Annotated[
        datetime | None,
        typer.Option(
            parser=moment(DAY), metavar="DAY", help="End day of the jobs, UTC; default: yesterday."
        ),
    ] = None,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Load records of ended jobs from a file, all or nothing. Existing jobs are left alone.

    So are jobs in the database of PANDADB_ARCHIVE_URL or in an exported month of PANDADB_EXPORTS.

    Example: pandadb jobs load atlas_jobs_task_13332803.csv --jeditaskid 13332803
    """
    day = when.date() if when else yesterday()
    with changing(dry_run=dry_run) as database, copy.other() as other, progress("") as bar:
        task = bar.add_task("reading", total=None)
        loaded = jobs.load(
            database,
            file,
            jeditaskid,
            day,
            archive=other,
            exports=config.load_settings().exports,
            dry_run=dry_run,
            on_progress=lambda step, done, of: bar.update(
                task, description=f"{step} {UNITS[step]}", completed=done, total=of
            ),
        )
    name_unknown(loaded)
    if json:
        as_json(asdict(loaded))
        return
    verb = "would be loaded" if dry_run else "loaded"
    task_words = "new task" if loaded.new_task else "task"
    out.print(
        f"{loaded.loaded:,} jobs {verb} into {task_words} {jeditaskid}; "
        f"{loaded.present:,} existed already."
    )
