"""A queue in the demo: a flow by two workers, a cancelled program, a mail, jobs that wait."""

from __future__ import annotations

import email
import email.policy
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pandadb.services import jobs, queue
from pandadb.services.queue import NewQueueJob
from pandadb.worker.worker_loop import WorkerLoop
from pandadb.worker.worker_options import WorkerOptions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from pandadb.database import Database

QUEUE = "demo"
FLOW = "diamond"
WORKERS = 2
ADDRESS = "ada@example.org"
PARENTS = {"A": (), "B": ("A",), "C": ("A",), "D": ("B", "C")}
"""The diamond: each job with those that it waits for."""
FIRST = 10
"""The priority of the demo's jobs: those that an earlier demo left come later."""
LONGEST = 30.0
"""Seconds that the flow may take, and that a cancel may."""
PAUSE = 0.05


class QueueStuck(RuntimeError):
    """The queue of the demo has not come to its end; it is a defect."""


@dataclass(frozen=True)
class EndedRun:
    """A job that has ended; times are naive UTC."""

    pandaid: int
    state: str
    began: datetime
    ended: datetime


@dataclass(frozen=True)
class QueueLife:
    """The queue at the end."""

    jeditaskid: int
    """The flow."""
    flow: dict[str, EndedRun]
    """Its jobs by name."""
    cancelled: EndedRun
    """The job whose program was ended."""
    subject: str
    """The subject of the mail."""
    mail: Path
    waiting: list[int]
    """Jobs that wait for a worker of the user's."""


def run_queue(database: Database, folder: Path) -> QueueLife:
    """Run a flow and a cancelled job by two workers, send a mail into a folder; leave some jobs.

    Each call makes other jobs. The folder gets `outbox` and `jobs`, the directories of the jobs.

    Raises:
        QueueStuck: They have not ended in time.
    """
    made = queue.submit(database, _flow(), flow=FLOW)
    ids = dict(zip(PARENTS, made.pandaids, strict=True))
    with _workers(database, folder / "jobs"):
        flow = {name: _ended(database, job) for name, job in ids.items()}
        cancelled = _cancelled(database)
    subject, mail = _send(database, folder / "outbox")
    waiting = queue.submit(database, _left()).pandaids
    return QueueLife(made.jeditaskid or 0, flow, cancelled, subject, mail, waiting)


@contextmanager
def _workers(database: Database, folder: Path) -> Iterator[None]:
    """Run workers as threads; a notice of the database lets them hear at once of cancels."""
    loops = [
        WorkerLoop(database, WorkerOptions([QUEUE], folder, slots=1, poll=0.2))
        for _ in range(WORKERS)
    ]
    threads = [threading.Thread(target=one.run, daemon=True) for one in loops]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for loop in loops:
            loop.drain()
        for thread in threads:
            thread.join(LONGEST)


def _flow() -> list[NewQueueJob]:
    return [
        NewQueueJob(
            QUEUE,
            name,
            argv=["sleep", "0.2"] if name in "BC" else ["echo", name],
            parents=parents,
            priority=FIRST,
            announce=name == "D",
            metadata={"mail": ADDRESS} if name == "D" else None,
        )
        for name, parents in PARENTS.items()
    ]


def _cancelled(database: Database) -> EndedRun:
    """Submit a long program, cancel it when it runs, and wait for its end."""
    job = NewQueueJob(QUEUE, "long", argv=["sleep", "60"], priority=FIRST)
    (pandaid,) = queue.submit(database, [job]).pandaids
    _see(database, pandaid, "running")
    queue.cancel(database, [pandaid], by="demo")
    return _ended(database, pandaid)


def _ended(database: Database, pandaid: int) -> EndedRun:
    job = _see(database, pandaid, "finished", "failed", "cancelled", "closed")
    return EndedRun(pandaid, job["jobstatus"], job["starttime"], job["endtime"])


def _see(database: Database, pandaid: int, *states: str) -> dict[str, Any]:
    """Wait until a job is in one of the states; return its columns.

    Raises:
        QueueStuck: It is not in time.
    """
    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        job = jobs.get(database, pandaid)
        if job["jobstatus"] in states:
            return dict(job)
        time.sleep(PAUSE)
    raise QueueStuck(f"Job {pandaid} is {job['jobstatus']} after {LONGEST:.0f} s")


def _send(database: Database, folder: Path) -> tuple[str, Path]:
    """Send the events as files into a folder; return the subject of the newest, and the file."""
    queue.send_events(database, queue.folder_sink(folder))
    newest = max(folder.glob("*.eml"), key=lambda file: file.stat().st_mtime)
    message = email.message_from_bytes(newest.read_bytes(), policy=email.policy.default)
    return str(message["Subject"]), newest


def _left() -> list[NewQueueJob]:
    """Return jobs for a worker of the user's: two at once, two of a group one after the other."""
    free = [NewQueueJob(QUEUE, f"free {n}", argv=["echo", str(n)]) for n in (1, 2)]
    return free + [
        NewQueueJob(QUEUE, f"in turn {n}", argv=["sleep", "1"], group="demo in turn")
        for n in (1, 2)
    ]
