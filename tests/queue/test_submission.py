"""Submissions: all or none, with names, cycles, keys, notices and a log of each state."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import func, select

from pandadb.core.queue.input import new_jobs
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import (
    JobControl,
    JobDependency,
    JobLease,
    JobsActive4,
    JobsDefined4,
    JobsStatusLog,
)
from pandadb.services import queue
from pandadb.services.queue import (
    DependencyCycle,
    Failure,
    NewQueueJob,
    UnknownParent,
    VerbOptions,
)
from tests.queue.test_leases import jobs, states

if TYPE_CHECKING:
    from pandadb.database import Database

Q = "demo"
DRY = VerbOptions(dry_run=True)


def rows(database: Database) -> list[int]:
    """Return the numbers of rows that a submission makes."""
    tables: tuple[Any, ...] = (JobControl, JobDependency, JobsDefined4, JobsActive4, JobLease)
    with database.session() as session:
        return [session.scalar(select(func.count()).select_from(one)) or 0 for one in tables]


def test_jobs_that_wait_for_each_other_are_refused_by_their_names(database: Database) -> None:
    ring = [
        NewQueueJob(Q, "A", parents=["C"]),
        NewQueueJob(Q, "B", parents=["A"]),
        NewQueueJob(Q, "C", parents=["B"]),
        NewQueueJob(Q, "D"),
    ]
    with pytest.raises(DependencyCycle) as error:
        queue.submit(database, ring)
    assert {*re.findall("'(.)'", str(error.value))} == {"A", "B", "C"}
    with pytest.raises(DependencyCycle, match="'A'"):
        queue.submit(database, [NewQueueJob(Q, "A", parents=["A"])])
    assert rows(database) == [0] * 5


@pytest.mark.parametrize(
    ("parents", "said"),
    [
        (["nobody"], "'child' waits for 'nobody', which is no job here"),
        (["twin"], "'child' waits for 'twin', which is two jobs here"),
        ([4711], "Job 4711 is to be a parent, and there is no such job"),
    ],
)
def test_unknown_parents_are_refused_and_nothing_is_stored(
    database: Database, parents: list[str | int], said: str
) -> None:
    call = [
        NewQueueJob(Q, "twin"),
        NewQueueJob(Q, "twin"),
        NewQueueJob(Q, "child", parents=parents),
    ]
    with pytest.raises(UnknownParent) as error:
        queue.submit(database, call)
    assert said in str(error.value)
    assert rows(database) == [0] * 5


def test_a_parent_that_has_ended_is_no_reason_to_wait(database: Database) -> None:
    good, bad = queue.submit(database, jobs(2)).pandaids
    first, second = queue.claim(database, Q, 2, owner="w")
    queue.finish(database, first)
    queue.fail(database, Failure(second, "bad"))

    made = queue.submit(
        database,
        [
            NewQueueJob(Q, parents=[good]),
            NewQueueJob(Q, parents=[good, bad]),
            NewQueueJob(Q, parents=[good, bad], on_failure="ignore"),
        ],
    )

    assert states(database, made.pandaids) == ["activated", "pending", "activated"]
    with pytest.raises(UnknownParent, match="is failed"):
        queue.submit(database, [NewQueueJob(Q, parents=[bad], on_failure="cancel")])


def test_two_transactions_at_once_make_one_job_of_a_dedupe_key(database: Database) -> None:
    found: list[Any] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        for _ in range(5):
            try:
                found.append(queue.submit(database, jobs(1, dedupe_key="k")).pandaids[0])
            except Exception as error:  # noqa: BLE001 - it is looked at below
                found.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert len(found) == 20
    assert len(set(found)) == 1, found
    assert rows(database)[0] == 1


def test_a_dedupe_key_belongs_to_its_queue(database: Database) -> None:
    first = queue.submit(database, jobs(1, dedupe_key="k"))
    other = queue.submit(database, [NewQueueJob("other", handler="h", dedupe_key="k")])
    assert other.existing == frozenset()
    with pytest.raises(InvalidValue, match="'k'"):
        queue.submit(database, jobs(2, dedupe_key="k"))
    assert first.pandaids != other.pandaids


def test_public_ids_are_of_the_letters_and_none_is_there_twice(database: Database) -> None:
    made = queue.submit(database, jobs(2000))
    assert len({*made.public_ids}) == 2000
    assert all(re.fullmatch(f"[{new_jobs.LETTERS}]{{12}}", one) for one in made.public_ids)
    seen = "".join(made.public_ids)
    shares = [seen.count(letter) / len(seen) for letter in new_jobs.LETTERS]
    assert max(shares) < 0.06  # each of twenty is as likely as any
    near = sum(a[:6] == b[:6] for a, b in zip(made.public_ids, made.public_ids[1:], strict=False))
    assert near == 0


def test_a_dry_run_of_each_verb_changes_nothing(database: Database) -> None:
    queue.submit(database, [*jobs(2, group="g"), *jobs(1)])
    (lease, *_) = queue.claim(database, Q, 1, owner="w")
    before = rows(database)
    last = log(database)

    queue.submit(database, jobs(3), DRY)
    assert len(queue.claim(database, Q, 9, owner="w", options=DRY)) == 1
    queue.start(database, [lease], DRY)
    assert queue.finish(database, lease, DRY).jobs == {lease.pandaid: "finished"}
    queue.fail(database, Failure(lease, "x"), DRY)
    queue.give_back(database, lease, DRY)
    queue.cancel(database, [lease.pandaid], DRY, by="me")
    assert len(queue.set_group(database, "g", 5, DRY)) == 1
    queue.repair(database, DRY)

    assert rows(database) == before
    assert log(database) == last
    assert states(database, [lease.pandaid]) == ["sent"]
    assert queue.finish(database, lease).jobs == {lease.pandaid: "finished"}


def log(database: Database, pandaid: int | None = None) -> list[str]:
    """Return the states of the status log, of one job or of all, in their order."""
    entry = JobsStatusLog.__table__.c
    found = select(entry.jobstatus).order_by(entry.modificationtime, entry.pandaid)
    if pandaid is not None:
        found = found.where(entry.pandaid == pandaid)
    with database.session() as session:
        return [str(one) for one in session.scalars(found)]


LIVES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "finished": ({}, ["activated", "sent", "running", "finished"]),
    "failed": ({}, ["activated", "sent", "running", "failed"]),
    "tried again": (
        {"max_attempts": 2},
        ["activated", "sent", "running", "activated", "sent", "running", "finished"],
    ),
    "given back": ({}, ["activated", "sent", "activated", "sent", "running", "finished"]),
    "later": (
        {"max_attempts": 2, "backoff": 900},
        ["activated", "sent", "running", "pending"],
    ),
}


@pytest.mark.parametrize("life", LIVES)
def test_the_status_log_has_each_state_of_a_life(database: Database, life: str) -> None:
    given, wanted = LIVES[life]
    (pandaid,) = queue.submit(database, jobs(1, **given)).pandaids
    (lease,) = queue.claim(database, Q, 1, owner="w")
    if life == "given back":
        queue.give_back(database, lease)
        (lease,) = queue.claim(database, Q, 1, owner="w")
    queue.start(database, [lease])
    if life in ("failed", "tried again", "later"):
        queue.fail(database, Failure(lease, "bad"))
    if life == "tried again":
        (lease,) = queue.claim(database, Q, 1, owner="w")
        queue.start(database, [lease])
    if life not in ("failed", "later"):
        queue.finish(database, lease)

    assert log(database, pandaid) == wanted


def test_the_status_log_has_waits_and_cancels(database: Database) -> None:
    flow = [NewQueueJob(Q, "A"), NewQueueJob(Q, "B", parents=["A"])]
    parent, child = queue.submit(database, flow).pandaids
    _, waiting = queue.submit(database, jobs(2, group="g")).pandaids
    held = queue.claim(database, Q, 2, owner="w")
    queue.finish(database, held)
    queue.cancel(database, [child, waiting], by="me")

    assert log(database, parent) == ["activated", "sent", "finished"]
    assert log(database, child) == ["pending", "activated", "cancelled"]
    assert log(database, waiting) == ["pending", "throttled", "activated", "cancelled"]


@pytest.fixture
def listening(database: Database) -> Any:
    """A connection that listens, as a worker's does; it returns the notices so far."""
    url = database.engine.url.set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute("LISTEN pandadb_queue")
        yield lambda: [one.payload for one in connection.notifies(timeout=0.3)]


def test_a_submission_sends_one_notice_without_data(database: Database, listening: Any) -> None:
    queue.submit(database, [*jobs(50), *jobs(3, group="g")])
    assert listening() == [""]


def test_no_notice_is_sent_for_bulk_loads_or_jobs_that_wait(
    database: Database, listening: Any
) -> None:
    queue.submit(database, jobs(5), notify=False)
    queue.submit(database, jobs(5, delay=900))
    queue.submit(database, jobs(5), DRY)
    assert listening() == []


def test_children_that_are_released_wake_workers(database: Database, listening: Any) -> None:
    flow = [NewQueueJob(Q, "A"), *(NewQueueJob(Q, parents=["A"]) for _ in range(5))]
    queue.submit(database, flow, notify=False)
    (lease,) = queue.claim(database, Q, 1, owner="w")
    assert listening() == []
    queue.finish(database, lease)
    assert listening() == [""]


def test_ends_without_followers_wake_nobody(database: Database, listening: Any) -> None:
    queue.submit(database, jobs(3), notify=False)
    queue.finish(database, queue.claim(database, Q, 3, owner="w"))
    assert listening() == []


def test_a_parent_that_is_named_and_given_by_its_number_is_one(database: Database) -> None:
    once = NewQueueJob(Q, "A", dedupe_key="k")
    (parent,) = queue.submit(database, [once]).pandaids
    queue.submit(database, [once, NewQueueJob(Q, "B", parents=["A", parent])])
    with database.session() as session:
        assert session.scalars(select(JobDependency.parent)).all() == [parent]


def test_pandaids_are_in_the_order_of_the_call(database: Database) -> None:
    call = [NewQueueJob(Q, "A"), NewQueueJob(Q, "B", parents=["A"]), NewQueueJob(Q, "C")]
    made = queue.submit(database, call).pandaids
    assert made == sorted(made)
    assert states(database, made) == ["activated", "pending", "activated"]
