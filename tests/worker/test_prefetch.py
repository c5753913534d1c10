"""Workers that prefetch: places and slots, ends in groups, drains."""

from __future__ import annotations

import gc
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, text

from pandadb.models import Jobs, JobsArchived4, JobsStatusLog, Worker
from pandadb.services import queue
from pandadb.services.queue import NewQueueJob
from pandadb.worker.hand_over import HandOver
from pandadb.worker.handlers.registry import Handler, add_handler
from tests.worker.payloads import until
from tests.worker.worker_processes import (
    Q,
    job_of,
    running_loop,
    state_of,
    submitted,
    until_state,
    worked,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pandadb.database import Database

REFUSED_ENDS = """
    CREATE FUNCTION refused_end() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE 'broken'; END $$;
    CREATE TRIGGER refused BEFORE DELETE ON pandadb.job_lease
    FOR EACH ROW EXECUTE FUNCTION refused_end()
"""
pytestmark = [pytest.mark.any_server, pytest.mark.slow]


def add_jobs(database: Database, number: int, **words: Any) -> list[int]:
    jobs = [NewQueueJob(Q, **{"handler": "add", "arguments": {"a": 1}, **words})] * number
    return queue.submit(database, jobs).pandaids


def count(database: Database, *states: str) -> int:
    with database.session() as session:
        job = select(func.count()).select_from(Jobs).where(Jobs.jobstatus.in_(states))
        return session.scalar(job) or 0


def test_collections_of_garbage_leave_what_was_imported(database: Database, tmp_path: Path) -> None:
    gc.unfreeze()  # the tests' own
    with running_loop(database, tmp_path, slots=1, prefetch=4):
        until(lambda: gc.get_freeze_count() > 0)
    assert gc.get_freeze_count() == 0


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Yield an event for which jobs with the handler `gate` wait."""
    event = threading.Event()
    add_handler(Handler("gate", lambda: event.wait(60) and None))
    yield event
    event.set()


def test_jobs_that_end_together_are_one_transaction(database: Database, tmp_path: Path) -> None:
    jobs = add_jobs(database, 200)

    assert worked(database, tmp_path, prefetch=200) == 200

    assert count(database, "finished") == 200
    with database.session() as session:
        times = session.scalars(select(JobsArchived4.modificationtime).distinct()).all()
        states = session.scalars(
            select(JobsStatusLog.jobstatus).where(JobsStatusLog.pandaid == jobs[0])
        )
        assert [*states] == ["activated", "sent", "finished"]
    assert len(times) < 20


def test_a_place_is_free_only_after_the_commit(database: Database, tmp_path: Path) -> None:
    add_jobs(database, 12)
    with database.engine.connect() as other, other.begin():
        other.execute(text("LOCK TABLE doma_panda.jobsarchived4 IN SHARE MODE"))
        with running_loop(database, tmp_path, slots=1, prefetch=4, lease=30.0) as loop:
            until(lambda: count(database, "sent") == 4)
            time.sleep(0.5)
            assert (count(database, "sent"), loop.number) == (4, 4)
            other.rollback()
            until(lambda: count(database, "finished") == 12)


def test_jobs_that_no_slot_has_begun_are_given_back_on_drain(
    database: Database, tmp_path: Path, gate: threading.Event
) -> None:
    jobs = add_jobs(database, 10, handler="gate", arguments={})
    with running_loop(database, tmp_path, slots=1, prefetch=10) as loop:
        until(lambda: count(database, "sent", "running") == 10)
        loop.drain()
        until(lambda: count(database, "activated") == 9)
        gate.set()
        until(lambda: loop.has_ended)
    assert Counter(state_of(database, job) for job in jobs) == {"finished": 1, "activated": 9}
    assert {job_of(database, job).attemptnr for job in jobs} == {1}


def test_a_function_that_does_not_end_is_given_back(
    database: Database, tmp_path: Path, gate: threading.Event
) -> None:
    job = add_jobs(database, 1, handler="gate", arguments={})[0]
    times = {"drain_timeout": 0.1, "grace": 0.1}
    with running_loop(database, tmp_path, slots=1, prefetch=2, **times) as loop:
        until_state(database, job, "sent")
        loop.drain()
        until(lambda: loop.has_ended)
    assert state_of(database, job) == "activated"


def test_an_error_of_the_last_give_back_does_not_keep_the_worker(
    database: Database, tmp_path: Path, gate: threading.Event
) -> None:
    job = add_jobs(database, 1, handler="gate", arguments={})[0]
    times = {"drain_timeout": 0.1, "grace": 0.1}
    with running_loop(database, tmp_path, slots=1, prefetch=2, **times) as loop:
        until_state(database, job, "sent")
        with database.session() as session:
            session.execute(text(REFUSED_ENDS))
        loop.drain()
        until(lambda: loop.has_ended)
    with database.session() as session:
        assert session.scalars(select(Worker.stopped_at)).one() is not None


def test_a_function_that_takes_a_while_is_recorded_as_running(
    database: Database, tmp_path: Path, gate: threading.Event
) -> None:
    job = add_jobs(database, 1, handler="gate", arguments={})[0]
    with running_loop(database, tmp_path, prefetch=8) as loop:
        until_state(database, job, "running")
        gate.set()
        until_state(database, job, "finished")
        loop.drain()


def test_a_function_is_told_of_a_cancel(database: Database, tmp_path: Path) -> None:
    job = submitted(database, handler="wait", arguments={"seconds": 60})
    ignored = submitted(database, handler="add", arguments={"a": 1, "c": 2})
    with running_loop(database, tmp_path, prefetch=8):
        until_state(database, job, "running")
        queue.cancel(database, [job], by="somebody")
        until(lambda: state_of(database, job) in {"cancelled", "finished"})
        until_state(database, ignored, "failed")


def test_the_end_of_a_lost_job_changes_nothing(
    database: Database, tmp_path: Path, gate: threading.Event
) -> None:
    job = add_jobs(database, 1, handler="gate", arguments={})[0]
    with running_loop(database, tmp_path, prefetch=8, reap=60.0):
        until_state(database, job, "running")
        with database.session() as session:
            session.execute(text("UPDATE pandadb.job_lease SET token = token + 1000"))
        gate.set()
        other = add_jobs(database, 1)[0]
        until_state(database, other, "finished")
        assert state_of(database, job) == "running"


def test_each_item_is_handed_over_to_one_thread() -> None:
    items: HandOver[int] = HandOver()
    taken: list[int] = []

    def take() -> None:
        while (item := items.take()) is not None:
            taken.append(item)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for first in range(0, 3000, 3):
        items.put(first, first + 1, first + 2)
    until(lambda: len(taken) == 3000)
    items.end()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert sorted(taken) == [*range(3000)]
