"""`pandadb demo`: a running example in a minute, without a server."""

from __future__ import annotations

from dataclasses import asdict, astuple
from pathlib import Path
from typing import Annotated

import typer

from pandadb import config
from pandadb import database as databases
from pandadb.cli.archive.progress import rows_line
from pandadb.cli.demo import grid_state, life, queue_life
from pandadb.cli.jobs.app import name_unknown, yesterday
from pandadb.cli.options import AsJSON
from pandadb.cli.output import as_json, err, out, table
from pandadb.cli.tasks.find import draw_bar
from pandadb.demo import examples, grid, task_life, tour
from pandadb.demo import queue_life as queues


def demo(
    records: Annotated[
        list[Path] | None,
        typer.Option(help="Records of jobs, CSV as the monitor exports them; can be repeated."),
    ] = None,
    write_examples: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the example files to a folder, and stop."),
    ] = None,
    json: AsJSON = False,
) -> None:
    """Create a private database, load jobs, run tasks, archive a day.

    One job of that day is then restored. The database is an embedded PostgreSQL in your data
    folder, whatever PANDADB_URL is. Without --records the loaded jobs are invented; the simulated
    jobs always are, in a new task each time. Another task goes from JSON to `done`, and two
    workers run a flow of a job queue.

    Example: pandadb demo --records atlas_jobs_task_13332803.csv
    """
    if write_examples is not None:
        _write_examples(write_examples, json=json)
        return
    with (
        err.status("starting a private PostgreSQL") as status,
        databases.Database.private() as database,
    ):
        shown = tour.run(database, records or [], yesterday(), status.update)
        status.stop()
        for load in shown.loads:
            name_unknown(load)
        if not json:
            _print(shown)
        grid.prepare(database)
        lived = life.live(database, quiet=json)
        if not json:
            out.print("A task from JSON to its end:")
        done = task_life.run_task(database, _ignore if json else _print_step)
        queued = queues.run_queue(database, config.load_settings().data_dir)
        examples.write_applications(config.load_settings().data_dir)
        counted = grid.count(database)
        with err.status("archiving yesterday"):
            archived = tour.put_away(database, yesterday())
            restored = tour.bring_back(database, yesterday())
    if json:
        there = {"archived": asdict(archived), "restored": asdict(restored)}
        numbers = {"grid": grid_state.as_dict(counted), "queue": queue_life.as_dict(queued)}
        as_json({**asdict(shown), "life": asdict(lived), "task": asdict(done), **numbers, **there})
    else:
        _print_task(done)
        life.show(lived)
        grid_state.show(counted)
        queue_life.show(queued)
        _print_archived(archived)
        for pandaid in restored.gone.jobs:
            rows = rows_line(restored.gone.rows)
            out.print(f"Restored job {pandaid} from the archive, with its satellites: {rows}.")
        life.name_next(lived, archived.day, done.jeditaskid, queued.jeditaskid)


def _write_examples(folder: Path, *, json: bool) -> None:
    written = [str(file) for file in examples.write(folder)]
    if json:
        as_json({"written": written})
    else:
        typer.echo("\n".join(written) or f"The examples in {folder} are up to date.")


def _print(shown: tour.Shown) -> None:
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


def _print_step(sentence: str) -> None:
    out.print(f"  {sentence}", soft_wrap=True)


def _ignore(_sentence: str) -> None:
    pass


def _print_task(done: task_life.TaskLife) -> None:
    out.print(
        f"Task {done.jeditaskid} is {done.status}: {done.failed_file} failed once and was processed"
        f" in attempt {done.attempts}.",
        soft_wrap=True,
    )
    draw_bar(done.progress.files)


def _print_archived(archived: tour.ArchivedDay) -> None:
    title = f"Archived: jobs that ended on {archived.day}, with their satellites"
    table(title, ("table", "rows, proven"), archived.rows.items())
