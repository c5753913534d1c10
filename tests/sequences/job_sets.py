"""Job sets of a user for tests of sequences, as a step submits them, and their ends."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from pandadb.services import jobs, queue
from pandadb.services.queue import NewQueueJob

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.database import Database

USER = "lelouch"
JOBSETS = count(500)
Q = "ANALY_HERE"


def submit(database: Database, number: int = 3, **columns: Any) -> tuple[int, list[int]]:
    """Submit a job set of jobs of a queue; return its number, and the PandaIDs."""
    jobset = next(JOBSETS)
    given = {"jobsetid": jobset, "prodsourcelabel": "user", "jobdefinitionid": 1, **columns}
    file = {"type": "output", "lfn": "out.root", "dataset": "user.out", "status": "defined"}
    made = [
        NewQueueJob(Q, argv=["true"], username=USER, columns=given, files=[file])
        for _ in range(number)
    ]
    return jobset, queue.submit(database, made).pandaids


def finish(database: Database, number: int) -> None:
    """Finish so many jobs of the queue as a worker does."""
    leases = queue.claim(database, Q, number, owner="worker")
    assert len(leases) == number
    queue.start(database, leases)
    assert len(queue.finish(database, leases).jobs) == number


def kill(database: Database, pandaids: Sequence[int]) -> None:
    """Kill jobs."""
    assert len(jobs.kill(database, pandaids, by="user").jobs) == len(pandaids)
