"""Claims of a long queue: they go on after the last one, and miss nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pandadb.services import queue
from pandadb.services.queue import NewQueueJob
from pandadb.services.queue import claims as services
from tests.worker.payloads import until

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server
Q = "demo"


def submitted(database: Database, number: int, priority: int = 0) -> list[int]:
    job = NewQueueJob(Q, handler="nothing", priority=priority)
    return queue.submit(database, [job] * number).pandaids


def claimed(database: Database, number: int) -> list[int]:
    return [one.pandaid for one in queue.claim(database, Q, number, owner="w")]


def has_position(database: Database) -> bool:
    _, position = services.POSITIONS[database.engine][Q]
    return position is not None


def test_claims_of_a_long_queue_take_each_job_once_and_in_order(database: Database) -> None:
    jobs = submitted(database, 200)
    found = [*claimed(database, 30), *claimed(database, 30)]
    assert has_position(database)
    while more := claimed(database, 30):
        found += more
    assert found == jobs


def test_a_job_of_a_higher_priority_goes_first(database: Database) -> None:
    jobs = submitted(database, 200)
    claimed(database, 30)
    (urgent,) = submitted(database, 1, priority=5)
    assert has_position(database)
    assert claimed(database, 3) == [urgent, *jobs[30:32]]


def test_jobs_of_a_lower_priority_follow(database: Database) -> None:
    low = submitted(database, 5)
    high = submitted(database, 100, priority=5)
    found = claimed(database, 20)
    assert has_position(database)
    assert [*found, *claimed(database, 100)] == [*high, *low]


def test_jobs_that_came_back_are_found_a_second_later(database: Database) -> None:
    jobs = submitted(database, 200)
    leases = queue.claim(database, Q, 30, owner="w")
    queue.give_back(database, leases[:1])
    assert has_position(database)
    assert jobs[0] not in claimed(database, 3)
    until(lambda: jobs[0] in claimed(database, 1), seconds=services.POSITION_SECONDS + 10)
