"""A queue in the demo: a flow by two workers, a cancelled program, a mail, jobs that wait."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.demo.queue_workers import QueueWorkers, wait_until
from pandadb.services import jobs, queue
from pandadb.services.queue import NewQueueJob

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.database import Database
    from pandadb.demo.queue_workers import EndedRun

QUEUE = "demo"
OWNERS = ["demo worker 1", "demo worker 2"]
ADDRESS = "ada@example.org"
PARENTS = {"A": (), "B": ("A",), "C": ("A",), "D": ("B", "C")}
"""The diamond: who waits for whom."""
FIRST = 10
"""The priority of the demo's jobs: those that an earlier demo left come later."""
LONGEST = 20.0
"""Seconds that the flow may take, and that a cancel may."""


class QueueStuck(RuntimeError):
    """The queue of the demo has not come to its end; it is a defect."""


@dataclass(frozen=True)
class QueueLife:
    """What has happened in the queue."""

    flow: dict[str, EndedRun]
    """The jobs of the flow by name."""
    cancelled: EndedRun
    """The job whose program was ended."""
    asked_to_end: bool
    """Whether the cancel was a request to its worker."""
    subject: str
    """The subject of the mail."""
    mail: Path
    waiting: list[int]
    """Jobs that wait for a worker of the user's."""


def run_queue(database: Database, folder: Path) -> QueueLife:
    """Run a flow and a cancelled job by two workers, send the mail into a folder; leave some jobs.

    Each call makes other jobs.

    Raises:
        QueueStuck: They have not ended in time.
    """
    ids = dict(zip(PARENTS, queue.submit(database, _flow()).pandaids, strict=True))
    workers = QueueWorkers(database, QUEUE, OWNERS)
    workers.start()
    try:
        _see(workers, {*ids.values()})
        cancelled, was_asked = _cancel(database, workers)
    finally:
        workers.stop()
    runs = {one.pandaid: one for one in workers.ended}
    subject, mail = _send(database, folder)
    return QueueLife(
        {name: runs[job] for name, job in ids.items()},
        cancelled,
        was_asked,
        subject,
        mail,
        queue.submit(database, _left()).pandaids,
    )


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


def _see(workers: QueueWorkers, pandaids: set[int]) -> None:
    if not wait_until(lambda: pandaids <= {one.pandaid for one in workers.ended}, LONGEST):
        raise QueueStuck(f"Of the jobs {sorted(pandaids)} some have not ended after {LONGEST} s")


def _cancel(database: Database, workers: QueueWorkers) -> tuple[EndedRun, bool]:
    """Submit a long program, cancel it when it runs; return how it ended, and if it was asked."""
    job = NewQueueJob(QUEUE, "long", argv=["sleep", "60"], priority=FIRST)
    (pandaid,) = queue.submit(database, [job]).pandaids
    wait_until(lambda: jobs.get(database, pandaid)["jobstatus"] == "running", LONGEST)
    done = queue.cancel(database, [pandaid], by="demo")
    if pandaid in done.asked:
        _see(workers, {pandaid})
    for one in workers.ended:
        if one.pandaid == pandaid:
            return one, True
    raise QueueStuck(f"Job {pandaid} was cancelled before its program ran")


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
