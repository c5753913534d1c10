"""Jobs of a queue under leases: claimed once, kept by heartbeats, lost with their token."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DatabaseError

from pandadb.models import JobControl, JobLease, Jobs, JobsArchived4, MetaTable
from pandadb.services import queue
from pandadb.services.queue import Failure, LeaseLost, NewQueueJob, Success
from pandadb.worker.reaper import LIMIT, reap_expired
from tests.factories import make_job

if TYPE_CHECKING:
    from pandadb.database import Database

Q = "demo"


def jobs(number: int, **given: Any) -> list[NewQueueJob]:
    return [NewQueueJob(Q, handler="nothing", **given) for _ in range(number)]


def states(database: Database, pandaids: list[int]) -> list[str]:
    with database.session() as session:
        found = session.execute(select(Jobs.pandaid, Jobs.jobstatus)).all()
    by_id = {row.pandaid: row.jobstatus for row in found}
    return [by_id[one] for one in pandaids]


def test_submitted_jobs_are_claimed_by_priority_then_age(database: Database) -> None:
    low = queue.submit(database, jobs(2)).pandaids
    high = queue.submit(database, jobs(1, priority=10)).pandaids
    leases = queue.claim(database, Q, 10, owner="w1")
    assert [one.pandaid for one in leases] == [*high, *low]
    assert states(database, high) == ["sent"]
    assert leases[0].parameters == {"handler": "nothing"}
    assert queue.claim(database, Q, 10, owner="w2") == []


def test_a_finished_job_is_archived_with_its_result_and_without_its_lease(
    database: Database,
) -> None:
    queue.submit(database, jobs(1))
    (lease,) = queue.claim(database, Q, 1, owner="w1")
    assert not queue.start(database, [lease]).lost
    assert queue.finish(database, Success(lease, {"x": 4})).jobs == {lease.pandaid: "finished"}
    with database.session() as session:
        job = session.scalars(select(JobsArchived4)).one()
        meta = session.scalars(select(MetaTable)).one()
        assert (job.jobstatus, meta.metadata_) == ("finished", '{"x": 4}')
        assert meta.modificationtime == job.modificationtime
        assert session.scalar(select(func.count()).select_from(JobLease)) == 0
        assert session.scalar(select(func.count()).select_from(JobControl)) == 1


def test_a_lost_lease_changes_nothing(database: Database) -> None:
    queue.submit(database, jobs(1, max_attempts=2))
    (old,) = queue.claim(database, Q, 1, owner="w1", lease=0.1)
    expire(database)
    assert queue.reap(database).requeued == [old.pandaid]
    (new,) = queue.claim(database, Q, 1, owner="w2")
    assert (new.pandaid, new.attemptnr) == (old.pandaid, 2)
    assert new.token > old.token
    for attempt in (
        lambda: queue.finish(database, old),
        lambda: queue.fail(database, Failure(old, "late")),
        lambda: queue.give_back(database, old),
    ):
        with pytest.raises(LeaseLost, match="no longer"):
            attempt()
    assert queue.heartbeat(database, [old])[old.pandaid].is_lost
    assert states(database, [old.pandaid]) == ["sent"]
    assert queue.finish(database, new).jobs == {new.pandaid: "finished"}


def expire(database: Database) -> None:
    with database.session() as session:
        session.execute(update(JobLease).values(until=dt.datetime(2020, 1, 1)))


def test_a_failed_attempt_is_repeated_after_its_pause_and_then_fails(database: Database) -> None:
    queue.submit(database, jobs(1, max_attempts=2, backoff=600))
    (lease,) = queue.claim(database, Q, 1, owner="w1")
    assert queue.fail(database, Failure(lease, "bad")).jobs == {lease.pandaid: "pending"}
    assert queue.claim(database, Q, 1, owner="w1") == []
    with database.session() as session:
        session.execute(update(JobControl).values(run_after=dt.datetime(2020, 1, 1)))
    (again,) = queue.claim(database, Q, 1, owner="w1")
    assert again.attemptnr == 2
    assert queue.fail(database, Failure(again, "worse")).jobs == {lease.pandaid: "failed"}


def test_a_child_is_ready_when_its_last_parent_has_finished(database: Database) -> None:
    flow = [
        NewQueueJob(Q, "A"),
        NewQueueJob(Q, "B", parents=["A"]),
        NewQueueJob(Q, "C", parents=["A"]),
        NewQueueJob(Q, "D", parents=["B", "C"]),
    ]
    ids = queue.submit(database, flow).pandaids
    assert states(database, ids) == ["activated", "pending", "pending", "pending"]
    queue.finish(database, queue.claim(database, Q, 9, owner="w"))
    assert states(database, ids) == ["finished", "activated", "activated", "pending"]
    b, c = queue.claim(database, Q, 9, owner="w")
    queue.finish(database, b)
    assert states(database, ids)[3] == "pending"
    queue.finish(database, c)
    assert states(database, ids)[3] == "activated"


@pytest.mark.parametrize(
    ("on_failure", "state"), [("block", "pending"), ("ignore", "activated"), ("cancel", "closed")]
)
def test_a_child_of_a_failed_parent(database: Database, on_failure: str, state: str) -> None:
    flow = [NewQueueJob(Q, "A"), NewQueueJob(Q, "B", parents=["A"], on_failure=on_failure)]
    ids = queue.submit(database, flow).pandaids
    (lease,) = queue.claim(database, Q, 9, owner="w")
    queue.fail(database, Failure(lease, "bad"))
    assert states(database, ids) == ["failed", state]


def test_no_more_of_a_group_than_its_limit_are_admitted(database: Database) -> None:
    ids = queue.submit(database, jobs(4, group="RB1")).pandaids
    assert states(database, ids) == ["activated", "throttled", "throttled", "throttled"]
    assert len(queue.claim(database, Q, 9, owner="w")) == 1
    assert queue.set_group(database, "RB1", 2) == [ids[1]]
    (lease,) = queue.claim(database, Q, 9, owner="w")
    assert lease.pandaid == ids[1]
    queue.finish(database, lease)
    assert states(database, ids) == ["sent", "finished", "activated", "throttled"]


def test_a_job_for_later_does_not_block_its_group(database: Database) -> None:
    (later,) = queue.submit(database, jobs(1, group="g", delay=600)).pandaids
    (now,) = queue.submit(database, jobs(1, group="g")).pandaids
    assert states(database, [later, now]) == ["pending", "activated"]
    assert [one.pandaid for one in queue.claim(database, Q, 9, owner="w")] == [now]


def test_a_dedupe_key_stands_for_the_live_job(database: Database) -> None:
    first = queue.submit(database, jobs(1, dedupe_key="k"))
    again = queue.submit(database, jobs(1, dedupe_key="k"))
    assert again.pandaids == first.pandaids
    assert again.existing == {*first.pandaids}
    queue.finish(database, queue.claim(database, Q, 9, owner="w"))
    assert queue.submit(database, jobs(1, dedupe_key="k")).existing == frozenset()


def test_a_running_job_is_asked_to_end_and_ends_with_its_payload(database: Database) -> None:
    queue.submit(database, jobs(2))
    lease, other = queue.claim(database, Q, 2, owner="w")
    queue.start(database, [lease])
    done = queue.cancel(database, [lease.pandaid, other.pandaid], by="me")
    assert (done.asked, done.jobs) == ([lease.pandaid], {other.pandaid: "cancelled"})
    beats = queue.heartbeat(database, [lease, other])
    assert beats[lease.pandaid].cancel_requested
    assert beats[other.pandaid].is_lost
    assert queue.end_cancelled(database, lease).jobs == {lease.pandaid: "cancelled"}


def test_jobs_of_panda_are_left_alone(database: Database) -> None:
    with database.session() as session:
        own = make_job(session, "activated", computingsite=Q)
    assert queue.claim(database, Q, 9, owner="w") == []
    assert own in queue.cancel(database, own, by="me").refused
    assert states(database, [own]) == ["activated"]


def test_a_child_waits_for_the_live_job_that_stands_for_its_parent(database: Database) -> None:
    (live,) = queue.submit(database, jobs(1, dedupe_key="k")).pandaids
    flow = [
        NewQueueJob(Q, "A", handler="nothing", dedupe_key="k"),
        NewQueueJob(Q, "B", handler="nothing", parents=["A"]),
    ]
    again = queue.submit(database, flow).pandaids
    assert again[0] == live
    assert states(database, again) == ["activated", "pending"]
    queue.finish(database, queue.claim(database, Q, 9, owner="w"))
    assert states(database, again) == ["finished", "activated"]


def test_of_two_leases_of_a_job_the_newer_is_kept(database: Database) -> None:
    queue.submit(database, jobs(1, max_attempts=2))
    (old,) = queue.claim(database, Q, 1, owner="w1", lease=0.1)
    expire(database)
    queue.reap(database)
    (new,) = queue.claim(database, Q, 1, owner="w1")
    for held in ([old, new], [new, old]):
        beat = queue.heartbeat(database, held)[old.pandaid]
        assert (beat.keeps(old), beat.keeps(new)) == (False, True)


def test_jobs_that_are_claimed_are_returned_in_spite_of_a_later_error(database: Database) -> None:
    broken = """
        CREATE FUNCTION pg_temp_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF (SELECT queue FROM pandadb.job_control WHERE pandaid = NEW.pandaid) = 'bad' THEN
        RAISE 'broken'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON pandadb.job_lease
        FOR EACH ROW EXECUTE FUNCTION pg_temp_refuse()
    """
    (good,) = queue.submit(database, jobs(1)).pandaids
    queue.submit(database, [NewQueueJob("bad")])
    with database.session() as session:
        session.execute(text(broken))
    (lease,) = queue.claim(database, [Q, "bad"], 5, owner="w")
    assert lease.pandaid == good
    with pytest.raises(DatabaseError, match="broken"):
        queue.claim(database, [Q, "bad"], 5, owner="w")


def test_leases_of_jobs_that_have_gone_count_as_leases(database: Database) -> None:
    late = queue.submit(database, jobs(LIMIT + 1, delay=3600)).pandaids
    with database.session() as session:
        rows = select(
            JobControl.pandaid, JobControl.pandaid, func.now() - text("'1 day'::interval")
        )
        columns = ["pandaid", "token", "until", "owner"]
        session.execute(insert(JobLease).from_select(columns, rows.add_columns(func.text("gone"))))
    assert reap_expired(database) == len(late)
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(JobLease)) == 0
