"""Workers of tests: processes of `pandadb worker run`, and the jobs that they run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from pandadb.models import Jobs
from pandadb.services import queue
from pandadb.services.queue import NewQueueJob
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
        print(process.communicate()[0])


def worked(database: Database, folder: Path, *options: str) -> str:
    """Run a worker until its queue is empty; return its output."""
    with running_worker(database, folder, "--drain-when-empty", *options) as worker:
        output, _ = worker.communicate(timeout=60)
    print(output)
    assert worker.returncode in (0, 3), output
    return output


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
