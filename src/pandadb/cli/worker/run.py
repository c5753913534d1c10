"""`pandadb worker run`: a worker in this process."""

import logging
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from pandadb import config
from pandadb.cli.options import AsJSON, Quiet, decimal, whole
from pandadb.cli.output import NOTHING_TO_DO, Lines, as_json, logged_apart, mode
from pandadb.cli.signals import stopped_by_signals
from pandadb.cli.target import changing
from pandadb.worker import prefetch as prefetching
from pandadb.worker import reconnects, worker_loop, worker_options
from pandadb.worker.handlers import registry
from pandadb.worker.payload import environment


def _seconds(least: float, most: float, text: str) -> Any:
    return typer.Option(parser=decimal(least, most), metavar="SECONDS", help=text)


DAY = 86_400.0


def run(
    *,
    queue: Annotated[
        list[str], typer.Option(help="A queue; can be repeated, the first one comes first.")
    ],
    slots: Annotated[
        int, typer.Option(parser=whole(1, 1024), metavar="NUMBER", help="Jobs that run at once.")
    ] = 4,
    lease: Annotated[
        float, _seconds(0.3, 7 * DAY, "Of a lease; heartbeats come every third of it.")
    ] = 60.0,
    work_dir: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where the directories of jobs are made."),
    ] = None,
    poll: Annotated[
        float, _seconds(0.05, DAY, "Between two looks at an empty queue, if no notice comes.")
    ] = 5.0,
    grace: Annotated[float, _seconds(0, DAY, "Between SIGTERM and SIGKILL for a payload.")] = 10.0,
    drain_timeout: Annotated[
        float,
        _seconds(0, 7 * DAY, "That running jobs have after SIGTERM; then they are given back."),
    ] = 60.0,
    handlers: Annotated[
        list[str] | None,
        typer.Option(metavar="MODULE", help="A module with handlers; can be repeated."),
    ] = None,
    pass_env: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A variable that payloads have, too; can be repeated."),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Claim once, run these jobs, and end.")
    ] = False,
    drain_when_empty: Annotated[
        bool, typer.Option("--drain-when-empty", help="End when no job is ready and none runs.")
    ] = False,
    listen: Annotated[
        bool, typer.Option("--listen/--no-listen", help="Listen to notices, besides the polls.")
    ] = True,
    keep: Annotated[
        bool,
        typer.Option("--keep/--no-keep", help="Keep the directories of jobs that have finished."),
    ] = True,
    prefetch: Annotated[
        int,
        typer.Option(
            parser=whole(0, 10_000),
            metavar="NUMBER",
            help="Jobs to claim ahead, for functions that take milliseconds; 0 for none.",
        ),
    ] = 0,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Run the jobs of queues, until SIGTERM: then running jobs may end, and no more are claimed.

    A second SIGTERM kills the running jobs and gives them back. With --once and
    --drain-when-empty the exit code is 3 if there was no job.

    Example: pandadb worker run --queue demo --slots 2
    """
    if handlers:
        sys.path.insert(0, str(Path.cwd()))
    registry.load_handlers(handlers or ())
    options = worker_options.WorkerOptions(
        queue, work_dir or config.load_settings().jobs_dir(),
        slots=slots, lease=lease, poll=poll, grace=grace, drain_timeout=drain_timeout,
        modules=handlers or (), passed=pass_env or (), once=once,
        drain_when_empty=drain_when_empty, listen=listen, keep=keep, secrets=_secrets(),
    )  # fmt: skip
    log = logged_apart("pandadb.worker", Lines(logging.INFO), logging.INFO)
    told = nullcontext() if mode.quiet else log
    with environment.hidden_process(), changing() as database, told:
        loop = (
            prefetching.PrefetchingLoop(database, options, prefetch)
            if prefetch
            else worker_loop.WorkerLoop(database, options)
        )
        reconnects.limit_idle_transactions(database, lease)
        with stopped_by_signals(loop.stop):
            number = loop.run()
    if json:
        as_json({"worker": options.worker_id, "claimed": number})
    if (once or drain_when_empty) and not number:
        raise typer.Exit(NOTHING_TO_DO)


def _secrets() -> frozenset[str]:
    """Return the secrets of the environment and of the file `.env`."""
    settings = config.load_settings()
    urls = {
        f"PANDADB_{name}": url.get_secret_value()
        for name in ("URL", "DIRECT_URL", "ARCHIVE_URL")
        if (url := getattr(settings, name.lower())) is not None
    }
    return environment.secrets_of({**os.environ, **urls})
