"""Workers that a network has cut off: their payloads end before their leases do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from pandadb.database import Database
from pandadb.services import queue
from pandadb.worker.held_jobs import HeldJob
from pandadb.worker.lease_clock import LeaseClock
from pandadb.worker.payload.outcome import StopReason
from pandadb.worker.worker_options import WorkerOptions
from tests.cut_connections import cut_way
from tests.worker.payloads import began, is_alive, number_in, until
from tests.worker.worker_processes import (
    Q,
    directory_of,
    job_of,
    running_loop,
    shell,
    state_of,
    submitted,
    until_state,
    url_of,
    value_of,
)

if TYPE_CHECKING:
    from pathlib import Path

LEASE = 6.0
STUBBORN = shell("trap '' TERM; echo $$ > pid; test $PANDADB_ATTEMPT -ge 2 || sleep 69")
ENDS = "SELECT extract(epoch FROM until - timezone('UTC', now())) FROM pandadb.job_lease"


def test_a_payload_that_heeds_no_signal_is_killed_in_the_time_that_its_lease_leaves(
    tmp_path: Path,
) -> None:
    times = {"lease": 0.3, "lease_grace": 0.2, "grace": 60.0}
    running = began(tmp_path, argv=[*shell("trap '' TERM; sleep 69")], place=times)
    outcome = running.wait()
    assert (outcome.reason, outcome.signal) == (StopReason.LEASE, 9)
    assert outcome.seconds < 20


def test_a_payload_whose_lease_is_over_at_its_begin_ends_at_once(tmp_path: Path) -> None:
    running = began(tmp_path, argv=["sleep", "69"], place={"lease": 0.0})
    assert running.wait().reason is StopReason.LEASE


@pytest.mark.parametrize(("lease", "grace"), [(60, 10), (60, 50), (6, 1), (1, 10), (600, 10)])
def test_a_lease_has_time_for_both_signals(tmp_path: Path, lease: float, grace: float) -> None:
    options = WorkerOptions(["q"], tmp_path, lease=lease, grace=grace)
    assert 2 * lease / 3 < options.payload_lease  # two heartbeats may be late
    assert options.payload_lease + options.lease_grace < lease


@pytest.mark.any_server
@pytest.mark.slow
def test_a_worker_that_is_cut_off_ends_its_payload_before_another_begins_it(
    database: Database, tmp_path: Path
) -> None:
    program = submitted(database, *STUBBORN, max_attempts=2)
    function = submitted(database, handler="wait", arguments={"seconds": 60}, max_attempts=1)
    words = {"lease": LEASE, "grace": 30.0}
    with (
        cut_way(url_of(database)) as way,
        Database(way.url) as far,
        running_loop(far, tmp_path / "far", **words) as loop,
    ):
        pid = number_in(directory_of(tmp_path / "far", program) / "pid")
        until_state(database, function, "running")
        (held,) = (one for one in loop._held.all() if one.lease.pandaid == function)
        way.cut()
        until(lambda: not is_alive(pid))
        assert value_of(database, f"{ENDS} WHERE pandaid = :job", job=program) > 0
        until(lambda: held.is_stopped)
        with running_loop(database, tmp_path / "near", lease=LEASE):
            until_state(database, program, "finished")
            until_state(database, function, "failed")
        way.mend()
    assert job_of(database, program).attemptnr == 2
    assert state_of(database, function) == "failed"
    assert queue.workers(database) == []


@pytest.mark.any_server
def test_a_job_that_waits_for_its_slot_ends_with_its_lease(
    database: Database, tmp_path: Path
) -> None:
    submitted(database, "true")
    (lease,) = queue.claim(database, Q, 1, owner="w")
    kept, late = (HeldJob(lease, time.monotonic() + one) for one in (50, -1))
    options = WorkerOptions([Q], tmp_path)

    class Held:
        def all(self) -> list[HeldJob]:
            return [kept, late]

    LeaseClock(options, Held()).look()  # type: ignore[arg-type]
    assert (kept.stop_reason, late.stop_reason) == (None, StopReason.LEASE)
    late.renew(time.monotonic() + 50)
    assert late.is_stopped
