"""The end of jobs and the claim of the next, in one transaction: both or neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from pandadb.core.sql.validation import InvalidValue
from pandadb.models import JobsActive4
from pandadb.services import queue
from pandadb.services.queue import JobsLocked, NewQueueJob, Success, VerbOptions
from pandadb.services.transaction import DEFAULT_OPTIONS
from tests.queue.test_leases import expire, jobs, states

if TYPE_CHECKING:
    from pandadb.database import Database

Q = "demo"


def test_as_many_are_claimed_as_end_the_first_ones_first(database: Database) -> None:
    made = queue.submit(database, jobs(7)).pandaids
    ended, held = queue.finish_and_claim(database, [], Q, 3, owner="w")
    assert not ended.jobs
    assert [one.pandaid for one in held] == made[:3]
    (urgent,) = queue.submit(database, jobs(1, priority=5)).pandaids
    ended, held = queue.finish_and_claim(database, [Success(held[0], 1), *held[1:]], Q, owner="w")
    assert ended.jobs == dict.fromkeys(made[:3], "finished")
    assert [one.pandaid for one in held] == [urgent, *made[3:5]]
    assert states(database, made) == ["finished"] * 3 + ["sent"] * 2 + ["activated"] * 2


def test_the_next_queue_has_jobs_when_the_first_has_none(database: Database) -> None:
    other = NewQueueJob("other", handler="nothing")
    made = queue.submit(database, [other, *jobs(1), other]).pandaids
    _, held = queue.finish_and_claim(database, [], [Q, "other"], 2, owner="w")
    assert [one.pandaid for one in held] == [made[1], made[0]]


def test_children_that_the_end_releases_are_claimed_with_it(database: Database) -> None:
    flow = [
        NewQueueJob(Q, "A", handler="nothing"),
        NewQueueJob(Q, "B", handler="nothing", parents=["A"]),
    ]
    parent, child = queue.submit(database, flow).pandaids
    held = queue.claim(database, Q, 1, owner="w")
    ended, held = queue.finish_and_claim(database, held, Q, owner="w")
    assert ended.jobs == {parent: "finished"}
    assert [one.pandaid for one in held] == [child]


def test_a_lost_lease_is_reported_and_others_are_claimed(database: Database) -> None:
    (first, *_) = queue.submit(database, jobs(2, max_attempts=2)).pandaids
    held = queue.claim(database, Q, 1, owner="w")
    expire(database)
    queue.reap(database)
    ended, held = queue.finish_and_claim(database, held, Q, 2, owner="w")
    assert (ended.lost, ended.jobs) == ([first], {})
    assert len(held) == 2


def test_a_locked_job_is_neither_ended_nor_are_others_claimed(database: Database) -> None:
    made = queue.submit(database, jobs(2)).pandaids
    held = queue.claim(database, Q, 1, owner="w")
    with database.session() as session:
        session.execute(select(JobsActive4.pandaid).with_for_update())
        with pytest.raises(JobsLocked):
            queue.finish_and_claim(database, held, Q, owner="w", options=VerbOptions(patience=0.05))
    assert states(database, made) == ["sent", "activated"]


def test_a_number_that_cannot_be_ends_no_job(database: Database) -> None:
    queue.submit(database, jobs(1))
    held = queue.claim(database, Q, 1, owner="w")
    with pytest.raises(InvalidValue, match="njobs"):
        queue.finish_and_claim(database, held, Q, -1, owner="w")
    assert states(database, [held[0].pandaid]) == ["sent"]


@pytest.mark.parametrize("options", [VerbOptions(dry_run=True), DEFAULT_OPTIONS])
def test_a_dry_run_changes_nothing(database: Database, options: VerbOptions) -> None:
    made = queue.submit(database, jobs(2)).pandaids
    held = queue.claim(database, Q, 1, owner="w")
    done = queue.finish_and_claim(database, held, Q, owner="w", options=options)
    assert (len(done.ended.jobs), len(done.leases)) == (1, 1)
    kept = ["sent", "activated"] if options.dry_run else ["finished", "sent"]
    assert states(database, made) == kept


def test_a_claim_that_fails_takes_the_end_back(database: Database) -> None:
    made = queue.submit(database, jobs(2)).pandaids
    held = queue.claim(database, Q, 1, owner="w")
    with database.session() as session:
        session.execute(text("ALTER SEQUENCE pandadb.job_lease_token RENAME TO away"))
    with pytest.raises(DatabaseError, match="job_lease_token"):
        queue.finish_and_claim(database, held, Q, owner="w")
    assert states(database, made) == ["sent", "activated"]
