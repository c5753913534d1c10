"""Services of workers: needs of payloads, tails under a lease, one reaper at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from pandadb.services import queue
from pandadb.services.queue.reaping import REAPER
from tests.worker.worker_processes import Q, state_of, submitted, value_of

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server

TAIL = "SELECT stdout FROM doma_panda.jobsdebug WHERE pandaid = :job"


def test_the_needs_of_a_payload_are_its_limits_resources_and_outputs(database: Database) -> None:
    job = submitted(
        database,
        "true",
        columns={"maxcpucount": 60, "minramcount": 2000, "corecount": 4},
        resources={"open_files": 64},
        files=[{"lfn": "in", "type": "input"}, {"lfn": "out", "type": "output"}],
    )
    leases = queue.claim(database, Q, 1, owner="w")

    needs = queue.payload_needs(database, leases)[job]

    assert needs.columns["maxcpucount"] == 60
    assert needs.columns["minramcount"] == 2000
    assert needs.columns["corecount"] == 4
    assert needs.resources == {"open_files": 64}
    assert needs.outputs == ["out"]


def test_a_tail_is_stored_under_a_lease_only(database: Database) -> None:
    job = submitted(database, "true", max_attempts=2)
    (old,) = queue.claim(database, Q, 1, owner="w")
    queue.store_tails(database, [(old, "x" * 3000 + "\0y")])
    assert value_of(database, TAIL, job=job) == "x" * 2047 + "y"

    queue.give_back(database, old)
    (new,) = queue.claim(database, Q, 1, owner="w")
    queue.store_tails(database, [(new, "new")])
    queue.store_tails(database, [(old, "old")])

    assert value_of(database, TAIL, job=job) == "new"


def test_one_process_reaps_at_a_time(database: Database) -> None:
    job = submitted(database, "true", max_attempts=2)
    queue.claim(database, Q, 1, owner="w", lease=0.1)
    key = func.hashtextextended(REAPER, 0)
    with database.engine.begin() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(key), func.pg_sleep(0.2)))
        assert queue.reap(database, alone=True).number == 0
        assert state_of(database, job) == "sent"

    assert queue.reap(database, alone=True).requeued == [job]
