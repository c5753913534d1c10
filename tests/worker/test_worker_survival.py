"""Jobs are neither lost nor doubled when workers, connections or machines end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from select import select
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from pandadb.database import Database
from pandadb.services import queue, schema
from pandadb.worker.reconnects import limit_idle_transactions
from tests.servers import mortal_server
from tests.worker.payloads import is_alive, number_in, on_small_disk, until
from tests.worker.worker_processes import (
    HOME,
    TIMES,
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
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

pytestmark = [pytest.mark.any_server, pytest.mark.slow]

LEASE = 6.0
SLACK = 10.0
"""Seconds that a busy machine may take for processes and transactions."""
TERMINATE = text("""
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE :like
""")
FIRST_HANGS = "echo $$ > pid; test $PANDADB_ATTEMPT -ge 2 || sleep 68; echo $PANDADB_ATTEMPT"


def cut(database: Database, like: str = "%") -> int:
    """Terminate the connections of a database whose last statement is like a pattern."""
    with suppress(Exception), database.session() as session:
        return session.scalar(TERMINATE, {"like": like}) or 0
    return 0


def executed(folder: Path) -> list[int]:
    """Return the PandaIDs that payloads have written, in the order of their ends."""
    file = folder / "executed"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def recorder(folder: Path, *, seconds: float = 0) -> tuple[str, ...]:
    return shell(f"sleep {seconds}; echo $PANDADB_JOB_ID >> {folder}/executed")


def test_a_killed_workers_job_is_finished_by_another_2(database: Database, tmp_path: Path) -> None:
    job = submitted(database, *shell(FIRST_HANGS), max_attempts=2)
    with running_worker(database, tmp_path) as first:
        pid = number_in(directory_of(tmp_path, job) / "pid")
        with running_worker(database, tmp_path, "--slots=1"):
            until(lambda: len(queue.workers(database)) == 2)
            first.kill()
            killed = time.monotonic()
            until_state(database, job, "finished")
            seconds = time.monotonic() - killed

    assert seconds < LEASE + 2 + SLACK
    assert job_of(database, job).attemptnr == 2
    assert not is_alive(pid)


def test_a_worker_that_was_stopped_changes_nothing_of_a_job_that_another_has_2(
    database: Database, tmp_path: Path
) -> None:
    program = submitted(database, *shell(FIRST_HANGS), max_attempts=2)
    function = submitted(database, handler="wait", arguments={"seconds": 2}, max_attempts=2)
    with running_worker(database, tmp_path, "--handlers=tests.worker.sample_handlers") as zombie:
        pid = number_in(directory_of(tmp_path, program) / "pid")
        until_state(database, function, "running")
        zombie.send_signal(signal.SIGSTOP)
        with running_worker(database, tmp_path):
            until_state(database, program, "finished")
            until_state(database, function, "finished")
            assert not is_alive(pid), "its payload has ended with the lease, before the other began"
            before = [job_of(database, job).modificationtime for job in (program, function)]
            log = value_of(database, "SELECT count(*) FROM doma_panda.jobs_statuslog")

            zombie.send_signal(signal.SIGCONT)
            time.sleep(2)
            zombie.send_signal(signal.SIGTERM)
            output, _ = zombie.communicate(timeout=90)

    assert zombie.returncode == 0, output
    assert f"Job {program}: lost" in output
    assert f"Job {function}: lost" in output
    assert [job_of(database, job).modificationtime for job in (program, function)] == before
    assert value_of(database, "SELECT count(*) FROM doma_panda.jobs_statuslog") == log
    assert [job_of(database, job).attemptnr for job in (program, function)] == [2, 2]


def test_locks_of_a_transaction_that_a_stopped_worker_has_left_open_end_3(
    database: Database,
) -> None:
    limit_idle_transactions(database, 1)
    with database.engine.connect() as connection:
        connection.execute(text("SELECT 1"))  # and the transaction stays open
        until(lambda: _is_closed(connection))
        connection.invalidate()


def _is_closed(connection: Connection) -> bool:
    """Return whether the server has ended a session; that is no use of the session."""
    driver = connection.connection.driver_connection
    assert driver is not None
    return bool(select([driver.fileno()], [], [], 0)[0])


def test_terminated_connections_neither_lose_nor_double_a_job_3(
    database: Database, tmp_path: Path
) -> None:
    jobs = [
        submitted(database, *recorder(tmp_path, seconds=0.3), max_attempts=3) for _ in range(40)
    ]
    work, slow = tmp_path / "work", ("--lease=15", "--slots=3")
    with running_worker(database, work, *slow), running_worker(database, work, *slow):
        until(lambda: executed(tmp_path))
        for _ in range(5):
            cut(database)
            time.sleep(1)
        for job in jobs:
            until_state(database, job, "finished")

    assert sorted(executed(tmp_path)) == jobs
    assert value_of(database, "SELECT count(*) FROM pandadb.job_lease") == 0


@pytest.fixture
def mortal(pytestconfig: pytest.Config) -> Iterator[tuple[Database, object]]:
    """A migrated database on a server of its own, which can be killed and revived."""
    with (
        mortal_server(pytestconfig.getoption("--postgres")) as server,
        Database(server.url()) as database,
    ):
        schema.upgrade(database)
        yield database, server


def test_a_restart_of_postgresql_neither_loses_nor_doubles_a_job_3(
    mortal: tuple[Database, object], tmp_path: Path
) -> None:
    database, server = mortal
    jobs = [
        submitted(database, *recorder(tmp_path, seconds=0.3), max_attempts=3) for _ in range(20)
    ]
    with running_worker(database, tmp_path / "work", "--lease=30", "--slots=3"):
        until(lambda: len(executed(tmp_path)) > 2)
        server.kill()  # type: ignore[attr-defined]
        time.sleep(1)
        server.revive()  # type: ignore[attr-defined]
        for job in jobs:
            until(lambda: quietly_state(database, job) == "finished")  # noqa: B023

    assert sorted(executed(tmp_path)) == jobs


def quietly_state(database: Database, job: int) -> str | None:
    with suppress(Exception):
        return state_of(database, job)
    return None


def test_without_notices_jobs_are_taken_at_the_next_poll_4(
    database: Database, tmp_path: Path
) -> None:
    ended = threading.Event()

    def keep_cutting() -> None:
        while not ended.wait(0.05):
            cut(database, "LISTEN%")

    with running_loop(database, tmp_path, poll=1.0):
        cutter = threading.Thread(target=keep_cutting)
        cutter.start()
        try:
            for _ in range(3):
                began = time.monotonic()
                job = submitted(database, handler="add", arguments={"a": 1})
                until_state(database, job, "finished")
                assert time.monotonic() - began < 1.25 + SLACK
        finally:
            ended.set()
            cutter.join()


def test_a_notice_wakes_an_idle_worker_4(database: Database, tmp_path: Path) -> None:
    seconds = []
    with running_loop(database, tmp_path, poll=60):
        until(lambda: value_of(database, "SELECT 1 FROM pg_stat_activity WHERE query ~ '^LISTEN'"))
        for _ in range(20):
            began = time.monotonic()
            job = submitted(database, handler="add", arguments={"a": 1})
            until_state(database, job, "finished")
            seconds.append(time.monotonic() - began)
            time.sleep(0.05)

    assert sorted(seconds)[18] < SLACK, "a poll would take up to a minute"


def test_a_killed_connection_of_notices_comes_back_4(database: Database, tmp_path: Path) -> None:
    listening = "SELECT pid FROM pg_stat_activity WHERE query ~ '^LISTEN'"
    with running_loop(database, tmp_path, poll=60):
        pid = until(lambda: value_of(database, listening))
        cut(database, "LISTEN%")
        until(lambda: (value_of(database, listening) or pid) != pid)
        job = submitted(database, handler="add", arguments={"a": 1})
        until_state(database, job, "finished", 5)


def test_jobs_of_a_machine_that_has_crashed_run_again_24(
    database: Database, tmp_path: Path
) -> None:
    jobs = [submitted(database, *shell(FIRST_HANGS), max_attempts=2) for _ in range(5)]
    with running_worker(database, tmp_path, "--slots=5") as worker:
        pids = [number_in(directory_of(tmp_path, job) / "pid") for job in jobs]
        parents = {int(_stat(pid)[1]) for pid in pids}
        for pid in (worker.pid, *parents, *pids):
            os.kill(pid, signal.SIGKILL)

    assert not any(map(is_alive, pids))
    with running_worker(database, tmp_path, "--slots=5"):
        for job in jobs:
            until_state(database, job, "finished")

    assert [job_of(database, job).attemptnr for job in jobs] == [2] * 5
    assert len([*tmp_path.glob("*/SUCCESS")]) == 5
    assert len([*tmp_path.glob("*/job.json")]) == 10


def _stat(pid: int) -> list[str]:
    with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
        return file.read().rpartition(")")[2].split()


def test_a_full_disk_fails_a_job_in_a_sentence_26(database: Database, tmp_path: Path) -> None:
    filled = submitted(database, *shell("cat /dev/zero > big"))
    large = submitted(database, "true", inputs={"x": "x" * 2_000_000})
    work = tmp_path / "work"
    work.mkdir()
    command = [*on_small_disk(work), sys.executable, "-m", "pandadb"]
    words = ["worker", "run", f"--queue={Q}", f"--work-dir={work}", "--drain-when-empty", *TIMES]
    environment = {**os.environ, "PANDADB_URL": url_of(database)}
    done = subprocess.run(
        [*command, *words, "--slots=1"],
        capture_output=True, text=True, check=False, cwd=HOME, env=environment, timeout=120,
    )  # fmt: skip
    row = job_of(database, filled)
    assert row.jobstatus == "failed", done.stderr
    assert row.exeerrordiag.endswith("; no space is left on the disk of its directory")
    row = job_of(database, large)
    assert row.jobstatus == "failed"
    assert row.exeerrordiag.endswith("cannot be written: no space is left on the disk")
    assert value_of(database, "SELECT count(*) FROM pandadb.job_lease") == 0


def test_a_hundred_megabytes_to_both_outputs_do_not_hang_27(
    database: Database, tmp_path: Path
) -> None:
    script = "head -c 100000000 /dev/zero & head -c 100000000 /dev/zero >&2; wait; echo end"
    job = submitted(database, *shell(script))
    with running_loop(database, tmp_path, lease=1.0):
        until_state(database, job, "finished", 60)

    assert job_of(database, job).attemptnr == 1
    debug = "SELECT stdout FROM doma_panda.jobsdebug WHERE pandaid = :job"
    assert value_of(database, debug, job=job) == "end\n"


def test_heartbeats_go_on_while_a_function_keeps_the_cpu(
    database: Database, tmp_path: Path
) -> None:
    job = submitted(database, handler="compute", arguments={"seconds": 3}, max_attempts=2)
    with running_loop(database, tmp_path, lease=1.0):
        until_state(database, job, "finished")

    assert job_of(database, job).attemptnr == 1
