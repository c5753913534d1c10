"""Wake-ups of workers: by NOTIFY as soon as a job is ready, and without it by a poll (F.4-4)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psycopg
import pytest

from pandadb.services import queue
from pandadb.services.queue import NewQueueJob

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.database import Database

pytestmark = pytest.mark.any_server

Q = "wakeups"


@pytest.fixture
def listener(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("LISTEN pandadb_queue")
        yield connection


def notices(listener: psycopg.Connection, seconds: float = 0.3) -> int:
    """Return how many notices there are, once there was none for a moment."""
    return len([*listener.notifies(timeout=seconds)])


def test_one_notice_is_sent_for_many_jobs_and_none_if_so_asked(
    database: Database, listener: psycopg.Connection
) -> None:
    queue.submit(database, [NewQueueJob(Q) for _ in range(50)])
    assert notices(listener) == 1
    queue.submit(database, [NewQueueJob(Q) for _ in range(50)], notify=False)
    queue.submit(database, [NewQueueJob(Q, delay=60)])
    assert notices(listener) == 0
    assert len(queue.claim(database, Q, 200, owner="w")) == 100, "a poll finds all of them"


def test_notices_of_jobs_with_and_without_a_group(
    database: Database, listener: psycopg.Connection
) -> None:
    queue.submit(database, [NewQueueJob(Q, group="g")], notify=False)
    assert notices(listener) == 0
    queue.submit(database, [NewQueueJob(Q), NewQueueJob(Q, group="full")])
    assert notices(listener) == 1
    queue.set_group(database, "full", 1)
    queue.submit(database, [NewQueueJob(Q), NewQueueJob(Q, group="full")])
    assert notices(listener) == 1, "one job has to wait for its group, the other has none"


def test_a_child_a_retry_and_a_free_place_wake_workers(
    database: Database, listener: psycopg.Connection
) -> None:
    queue.submit(
        database,
        [NewQueueJob(Q, "A", max_attempts=2), NewQueueJob(Q, "B", parents=["A"])],
    )
    assert notices(listener) == 1
    (lease,) = queue.claim(database, Q, 9, owner="w")
    queue.fail(database, queue.Failure(lease, "bad", retry_in=0))
    assert notices(listener) == 1
    queue.finish(database, queue.claim(database, Q, 9, owner="w"))
    assert notices(listener) == 1
    queue.submit(database, [NewQueueJob(Q, group="g") for _ in range(2)])
    assert notices(listener) == 1
    queue.finish(database, queue.claim(database, Q, 9, owner="w"))
    assert notices(listener) == 1


def test_a_job_is_started_soon_after_its_notice(
    database: Database, listener: psycopg.Connection
) -> None:
    times = []
    for _ in range(20):
        began = time.perf_counter()
        queue.submit(database, [NewQueueJob(Q)])
        assert [*listener.notifies(timeout=5, stop_after=1)]
        leases = queue.claim(database, Q, 1, owner="w")
        queue.start(database, leases)
        times.append(time.perf_counter() - began)
        assert len(leases) == 1
    assert sorted(times)[len(times) // 2] < 0.25, "half of them: other tests run meanwhile"
