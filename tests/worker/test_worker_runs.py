"""`pandadb worker run`: jobs claimed, run and ended by real processes."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from pandadb.models import FilesTable4, JobParamsTable, JobsArchived4
from pandadb.services import queue
from pandadb.worker.lease_renewal import LEAST_PAUSE
from tests.worker.payloads import is_alive, number_in, until
from tests.worker.worker_processes import (
    Q,
    directory_of,
    job_of,
    running_loop,
    running_worker,
    shell,
    state_of,
    submitted,
    until_state,
    url_of,
    value_of,
    worked,
)

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.database import Database

pytestmark = pytest.mark.any_server

META = "SELECT metadata FROM doma_panda.metatable WHERE pandaid = :job"
TAIL = "SELECT stdout FROM doma_panda.jobsdebug WHERE pandaid = :job"


@pytest.mark.parametrize("prefetch", [0, pytest.param(32, marks=pytest.mark.slow)])
def test_jobs_of_all_kinds_end_with_their_results(
    database: Database, tmp_path: Path, prefetch: int
) -> None:
    program = submitted(database, *shell("cat x; echo oops >&2"), inputs={"x": "input\n"})
    function = submitted(database, handler="add", arguments={"a": 2})
    coroutine = submitted(database, handler="add later", arguments={"a": 2})
    child = submitted(database, handler="add apart", arguments={"a": 2})
    nothing = submitted(database)
    failing = submitted(database, *shell("echo no beam >&2; exit 4"))
    raising = submitted(database, handler="raise", arguments={"text": "no beam"})
    unknown = submitted(database, handler="no such")
    malformed = submitted(database, "x")
    with database.session() as session:
        wrong = json.dumps({"argv": ["x"], "env": {"A=B": "c"}})
        row = update(JobParamsTable).where(JobParamsTable.pandaid == malformed)
        session.execute(row.values(jobparameters=wrong))

    worked(database, tmp_path, prefetch=prefetch)

    jobs = (program, function, coroutine, child, nothing)
    assert [state_of(database, job) for job in jobs] == ["finished"] * 5
    said = json.loads(value_of(database, META, job=program))
    assert (said["exit_code"], said["stdout"], said["outputs"]) == (0, "input\n", [])
    assert json.loads(value_of(database, META, job=function)) == {"sum": 3}
    assert json.loads(value_of(database, META, job=coroutine)) == 3
    assert json.loads(value_of(database, META, job=child))["sum"] == 3
    assert value_of(database, TAIL, job=program) == "input\n\n[stderr]\noops\n"
    errors = {
        failing: "The payload ended with code 4: no beam",
        raising: "RuntimeError: no beam",
        unknown: "This worker has no handler 'no such': name its module with --handlers",
        malformed: "env has 'A=B', which no variable can be called",
    }
    for job, error in errors.items():
        row = job_of(database, job)
        assert (row.jobstatus, row.exeerrordiag) == ("failed", error)
    assert job_of(database, failing).transexitcode == "4"
    assert value_of(database, "SELECT count(*) FROM pandadb.job_lease") == 0


def test_outputs_of_the_job_are_reported_with_size_and_checksum(
    database: Database, tmp_path: Path
) -> None:
    files = [{"lfn": "result.root", "type": "output"}, {"lfn": "log.tgz", "type": "log"}]
    job = submitted(database, *shell("echo 3 > result.root; echo 4 > other"), files=files)

    worked(database, tmp_path)

    with database.session() as session:
        found = session.execute(
            select(FilesTable4.lfn, FilesTable4.fsize, FilesTable4.checksum)
            .where(FilesTable4.pandaid == job)
            .order_by(FilesTable4.lfn)
        ).all()
    assert [tuple(one) for one in found] == [
        ("log.tgz", 0, None),
        ("result.root", 2, "ad:0072003e"),
    ]


@pytest.mark.slow
def test_a_failed_attempt_is_repeated_after_its_pause(database: Database, tmp_path: Path) -> None:
    script = f"echo x >> {tmp_path}/tries; test $PANDADB_ATTEMPT -ge 3"
    job = submitted(database, *shell(script), max_attempts=3, backoff=1)

    with running_loop(database, tmp_path / "work"):
        until_state(database, job, "finished")

    assert (tmp_path / "tries").read_text() == "x\n" * 3
    assert len([*(tmp_path / "work").glob(f"{job}-*")]) == 3


@pytest.mark.slow
def test_a_worker_without_a_job_ends_with_code_3(database: Database, tmp_path: Path) -> None:
    with running_worker(database, tmp_path, "--once", "--json") as worker:
        output, _ = worker.communicate(timeout=90)

    assert worker.returncode == 3, output
    assert '"claimed": 0' in output


def test_a_cancelled_payload_is_gone_within_five_seconds_11(
    database: Database, tmp_path: Path
) -> None:
    script = "sleep 66 & echo $! > pid; wait"
    parent, child = queue.submit(
        database,
        [
            queue.NewQueueJob(Q, name="a", argv=shell(script)),
            queue.NewQueueJob(Q, name="b", argv=["true"], parents=["a"], on_failure="cancel"),
        ],
    ).pandaids
    with running_loop(database, tmp_path, lease=60):
        pid = number_in(directory_of(tmp_path, parent) / "pid")
        assert queue.cancel(database, parent, by="tests").asked == [parent]
        until(lambda: not is_alive(pid), 5)
        until_state(database, parent, "cancelled")
        until_state(database, child, "closed")


@pytest.mark.slow
def test_a_drain_lets_running_jobs_end_and_claims_no_more(
    database: Database, tmp_path: Path
) -> None:
    first = submitted(database, *shell("echo > began; sleep 1"))
    with running_worker(database, tmp_path, "--slots=1") as worker:
        until((directory_of(tmp_path, first) / "began").exists)
        worker.send_signal(signal.SIGTERM)
        second = submitted(database, "true")
        output, _ = worker.communicate(timeout=90)

    assert worker.returncode == 0, output
    assert state_of(database, first) == "finished"
    assert state_of(database, second) == "activated"
    (row,) = queue.workers(database, stopped=True)
    assert row["stopped_at"] is not None


@pytest.mark.slow
@pytest.mark.parametrize("prefetch", [0, 32])
@pytest.mark.parametrize("stops", [1, 2])
def test_a_job_whose_worker_stops_is_given_back_without_an_attempt(
    database: Database, tmp_path: Path, stops: int, prefetch: int
) -> None:
    job = submitted(database, *shell("trap '' TERM; echo > began; sleep 67 & wait; sleep 67"))
    seconds = 0.2 if stops == 1 else 600
    with running_loop(database, tmp_path, drain_timeout=seconds, prefetch=prefetch) as loop:
        until((directory_of(tmp_path, job) / "began").exists)
        for _ in range(stops):
            loop.stop()
        until(lambda: loop.has_ended)

        row = job_of(database, job)
        assert (row.jobstatus, row.attemptnr) == ("activated", 1)


@pytest.mark.slow
@pytest.mark.parametrize("signals", [1, 2])
def test_a_job_that_outlasts_the_drain_is_given_back_without_an_attempt(
    database: Database, tmp_path: Path, signals: int, pytestconfig: pytest.Config
) -> None:
    if signals == 1 and not pytestconfig.getoption("--thorough"):
        pytest.skip("--thorough signals once, too; the loop of a worker does so above")
    job = submitted(database, *shell("trap '' TERM; echo > began; sleep 67 & wait; sleep 67"))
    timeout = "--drain-timeout=0.5" if signals == 1 else "--drain-timeout=600"
    with running_worker(database, tmp_path, timeout) as worker:
        until((directory_of(tmp_path, job) / "began").exists)
        for _ in range(signals):
            worker.send_signal(signal.SIGTERM)
            time.sleep(0.3)
        output, _ = worker.communicate(timeout=90)

    assert worker.returncode == 0, output
    row = job_of(database, job)
    assert (row.jobstatus, row.attemptnr) == ("activated", 1)


def test_the_end_of_a_worker_does_not_wait_for_the_pause_between_heartbeats(
    database: Database, tmp_path: Path
) -> None:
    def seconds() -> float:
        began = time.monotonic()
        assert worked(database, tmp_path, listen=False) == 0
        return time.monotonic() - began

    assert min(seconds() for _ in range(3)) < LEAST_PAUSE / 2


@pytest.mark.slow
def test_a_drain_by_the_database_ends_a_worker(database: Database, tmp_path: Path) -> None:
    from tests.cli.test_commands import run

    with running_worker(database, tmp_path) as worker:
        (row,) = until(lambda: queue.workers(database))
        listed = run("worker", "list", url=url_of(database))
        drained = run("worker", "drain", row["worker_id"], url=url_of(database))
        output, _ = worker.communicate(timeout=90)

    assert worker.returncode == 0, output
    assert row["worker_id"] in listed.stdout
    assert drained.stdout == f"Drains: {row['worker_id']}\n"
    again = run("worker", "drain", row["worker_id"], url=url_of(database))
    assert (again.returncode, again.stderr.splitlines()[-1]) == (
        1,
        f"No worker {row['worker_id']} runs",
    )
    assert run("worker", "drain", "--all", url=url_of(database)).returncode == 3


@pytest.mark.slow
def test_no_secret_of_the_worker_reaches_payload_error_or_database(
    database: Database, tmp_path: Path
) -> None:
    url = f"{url_of(database)}{'&' if '?' in url_of(database) else '?'}password=hunter22"
    script = "env; cat /proc/$PPID/environ; echo password=hunter22 >&2; exit 1"
    job = submitted(database, *shell(script))
    with running_worker(database, tmp_path, "--drain-when-empty", url=url) as worker:
        output, _ = worker.communicate(timeout=90)

    assert "hunter22" not in output
    assert "hunter22" not in (directory_of(tmp_path, job) / "stdout").read_text()
    assert job_of(database, job).exeerrordiag.endswith(": password=***")


@pytest.mark.slow
def test_two_hosts_are_two_work_directories(database: Database, tmp_path: Path) -> None:
    jobs = [submitted(database, *shell("sleep 0.2; pwd > where")) for _ in range(6)]
    with (
        running_loop(database, tmp_path / "one", slots=1),
        running_loop(database, tmp_path / "two", slots=1),
    ):
        for job in jobs:
            until_state(database, job, "finished")

    done = {host: len([*(tmp_path / host).glob("*/SUCCESS")]) for host in ("one", "two")}
    assert sum(done.values()) == 6
    assert all(done.values()), done


@pytest.mark.slow
def test_a_delayed_job_begins_when_it_is_due(database: Database, tmp_path: Path) -> None:
    with running_loop(database, tmp_path, poll=1):
        until(lambda: queue.workers(database))
        job = submitted(database, "true", delay=1.5)
        until_state(database, job, "finished")

    with database.session() as session:
        row = session.scalars(select(JobsArchived4)).one()
        assert 1.4 < (row.starttime - row.creationtime).total_seconds() < 30


@pytest.mark.slow
def test_the_tail_of_the_output_is_stored_while_the_payload_runs(
    database: Database, tmp_path: Path
) -> None:
    job = submitted(database, *shell("echo step 1; echo > began; sleep 69 & wait"))
    with running_loop(database, tmp_path, lease=1.0):
        until((directory_of(tmp_path, job) / "began").exists)
        until(lambda: value_of(database, TAIL, job=job) == "step 1\n")
        assert state_of(database, job) == "running"


def test_a_claim_that_the_worker_has_not_heard_of_is_given_back(database: Database) -> None:
    known, unknown = submitted(database, "true"), submitted(database, "true")
    leases = queue.claim(database, Q, 2, owner="w")
    other = submitted(database, "true")
    queue.claim(database, Q, 1, owner="another")

    queue.give_back_unknown(database, "w", [leases[0].token])

    assert [state_of(database, job) for job in (known, unknown, other)] == [
        "sent", "activated", "sent",
    ]  # fmt: skip
    assert job_of(database, unknown).attemptnr == 1
