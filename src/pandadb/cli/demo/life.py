"""The simulation of `pandadb demo`: job tables per round, and the final result."""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING

from rich.bar import Bar
from rich.live import Live
from rich.table import Table

from pandadb import config
from pandadb.cli.output import out, table
from pandadb.demo import job_lives

if TYPE_CHECKING:
    from datetime import date

    from pandadb.database import Database
    from pandadb.demo.job_lives import Life, Round

PAUSE = 0.2
"""Seconds per round on a terminal."""


def live(database: Database, *, quiet: bool) -> Life:
    """Simulate a task's jobs; show each round, on a terminal in place."""
    if quiet:
        return job_lives.live(database)
    if not out.is_terminal:
        return job_lives.live(database, on_round=_print)
    with Live(console=out, auto_refresh=False) as shown:
        return job_lives.live(database, on_round=lambda done: _draw(shown, done))


def _print(done: Round) -> None:
    if done.number == 1:
        out.print(f"Task {done.jeditaskid} runs, in {done.of} rounds:")
    tables: dict[str, list[str]] = {}
    for count in done.statuses:
        tables.setdefault(count.table, []).append(f"{count.jobs} {count.jobstatus}")
    places = "; ".join(f"{name}: {', '.join(states)}" for name, states in tables.items())
    out.print(f"{done.number:2} {places}", soft_wrap=True)


def _draw(shown: Live, done: Round) -> None:
    title = f"Task {done.jeditaskid} runs: round {done.number} of {done.of}"
    drawn = Table("table", "state", title=title, title_justify="left", header_style="bold")
    drawn.add_column("jobs", justify="right")
    drawn.add_column("", width=40)
    total = sum(count.jobs for count in done.statuses)
    for count in done.statuses:
        bar = Bar(total, 0, count.jobs)
        drawn.add_row(count.table, count.jobstatus, str(count.jobs), bar)
    shown.update(drawn, refresh=True)
    time.sleep(PAUSE)


def show(life: Life) -> None:
    """Print the result of the task and the history of one of its jobs."""
    table(
        f"Files of task {life.jeditaskid}",
        ("type", "dataset", "files", "used", "finished", "failed"),
        map(astuple, life.datasets),
    )
    out.print("Files of killed or closed jobs count as failed.")
    steps = [(step.jobstatus, step.seconds, step.computingsite) for step in life.history]
    table(f"History of job {life.pandaid}", ("state", "seconds in it", "site"), steps)


def name_next(life: Life, archived: date, jeditaskid: int, flow: int) -> None:
    """Print suggestions for the next commands."""
    left = life.left[0] if life.left else life.pandaid
    words = {"one": life.pandaid, "left": left, "day": archived, "task": jeditaskid, "flow": flow}
    commands = [(line.format(**words), meaning) for line, meaning in NEXT_COMMANDS]
    width = max(len(line) for line, _ in commands)
    out.print("\nTry next (the same database, as long as PANDADB_URL is not set):")
    for line, meaning in commands:
        out.print(f"  {_called()} {line:{width}}  {meaning}", soft_wrap=True)
    out.print(f"Its data is in {config.load_settings().data_dir}: delete the folder to remove it.")


def _called() -> str:
    """Return the command line of this program: its name if it is in PATH, else its path."""
    path = Path(sys.argv[0])
    return str(path) if path.name == "pandadb" and not shutil.which("pandadb") else "pandadb"


NEXT_COMMANDS = (
    ("tasks show {task}", "the task from JSON, with its files and jobs"),
    ("jobs count", "number of jobs per state"),
    ("jobs list", "the jobs themselves"),
    ("jobs show {one}", "a job with its files"),
    ("jobs history {one}", "its states over time"),
    ("jobs kill {left}", "end one that has not ended"),
    ("queue list", "job queues: jobs that wait and run, workers"),
    ("worker run --queue demo --slots 2 --drain-when-empty", "run the jobs that wait there"),
    ("flows list", "flows of queues, with their states"),
    ("flows graph {flow}", "the jobs of the flow, and what they wait for"),
    ("shares tree", "global shares: targets, running and queued power"),
    ("shares match {one}", "why a job has its share"),
    ("sites list", "the loaded sites, with their endpoints and space"),
    ("harvester status", "the workers of the jobs, by state"),
    ("errors list", "errors of failed jobs; see also errors explain"),
    ("archive verify", "compare the archive with its proofs"),
    ("archive restore {day}", "restore the rest of yesterday's jobs"),
    ("jobs load records.csv --jeditaskid 5", "load records of your own (--help says how)"),
    ("web", "pages and forms on http://127.0.0.1:8080, such as /submit/slow_div"),
    ("db psql", "open psql on the database"),
    ("db check", "compare the database with the models"),
    ("db sql", "the whole schema as SQL"),
)
