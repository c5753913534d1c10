"""Workers of tests: processes of `pandadb worker run`, and the jobs that they run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from pandadb.models import Jobs
from pandadb.services import queue
from pandadb.services.queue import NewQueueJob
from pandadb.worker.handlers import load_handlers
from pandadb.worker.handlers.registry import HANDLERS as HANDLERS_OF_PROCESS
from pandadb.worker.prefetch import PrefetchingLoop
from pandadb.worker.worker_loop import WorkerLoop
from pandadb.worker.worker_options import WorkerOptions
from tests.worker.payloads import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.database import Database

Q = "demo"
HANDLERS = "tests.worker.sample_handlers"
HOME = Path(__file__).parents[2]
TIMES = ("--lease=3", "--poll=0.5", "--grace=1", "--drain-timeout=20")
"""Shorter times than usual; later options override them."""


def url_of(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


@contextmanager
def running_worker(
    database: Database, folder: Path, *options: str, url: str | None = None, **environment: str
) -> Iterator[subprocess.Popen[str]]:
    """Run a worker during the block; it is killed at the end, if it still runs."""
    words = [*TIMES, f"--queue={Q}", f"--work-dir={folder}", f"--handlers={HANDLERS}", *options]
    given = {name: value for name, value in os.environ.items() if "PANDADB" not in name}
    process = subprocess.Popen(
        [sys.executable, "-m", "pandadb", "worker", "run", *words],
        env={**given, "PANDADB_URL": url or url_of(database), **environment},
        cwd=HOME,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
        process.kill()
        print(process.communicate()[0])  # noqa: T201 - pytest shows it if the test fails


@contextmanager
def running_loop(database: Database, folder: Path, **options: Any) -> Iterator[WorkerLoop]:
    """Run a worker in a thread of this process during the block; its payloads are processes."""
    sys.modules.pop(HANDLERS, None)
    load_handlers([HANDLERS])
    times = {"lease": 3.0, "poll": 0.5, "grace": 1.0, "reap": 0.5}
    words = {**times, "modules": (HANDLERS,), **options}
    number = words.pop("prefetch", 0)
    of_worker = WorkerOptions([Q], folder, **words)
    loop = (
        PrefetchingLoop(database, of_worker, number) if number else WorkerLoop(database, of_worker)
    )
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        yield loop
    finally:
        loop.stop()
        loop.stop()
        thread.join(30)
        HANDLERS_OF_PROCESS.clear()
    assert not thread.is_alive(), "the worker has not ended"


def worked(database: Database, folder: Path, **options: Any) -> int:
    """Run a worker until its queue is empty; return how many jobs it has claimed."""
    with running_loop(database, folder, drain_when_empty=True, **options) as loop:
        until(lambda: loop.has_ended, 60)
    return loop.number


def submitted(database: Database, *argv: str, **words: Any) -> int:
    """Submit a job; return its PandaID."""
    given = {"argv": argv, **words} if argv else words
    return queue.submit(database, [NewQueueJob(Q, **given)]).pandaids[0]


def shell(script: str) -> tuple[str, ...]:
    return ("sh", "-c", script)


def job_of(database: Database, pandaid: int) -> Any:
    """Return a job, wherever it is."""
    with database.session() as session:
        return session.execute(select(Jobs).where(Jobs.pandaid == pandaid)).scalar_one()


def state_of(database: Database, pandaid: int) -> str:
    return str(job_of(database, pandaid).jobstatus)


def until_state(database: Database, pandaid: int, state: str, seconds: float = 20.0) -> None:
    until(lambda: state_of(database, pandaid) == state, seconds)


def value_of(database: Database, statement: str, **words: Any) -> Any:
    with database.session() as session:
        return session.scalar(text(statement), words)


def directory_of(folder: Path, pandaid: int) -> Path:
    """Wait for the directory of a job; return it."""
    found: Path = until(lambda: next(folder.glob(f"{pandaid}-*"), None))
    return found
