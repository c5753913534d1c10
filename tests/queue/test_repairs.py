"""Repairs: what an unmodified server moves or ends is noted, and what is in order stays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, text

from pandadb.models import JobControl, JobGroupMember, JobLease, JobsArchived4, Outbox
from pandadb.services import archive, queue
from pandadb.services.queue import NewQueueJob, RepairResult, VerbOptions
from tests.queue.archived_jobs import end_long_ago
from tests.queue.test_leases import jobs, states

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.slow

Q = "demo"
NAMES = [column.name for column in JobsArchived4.__table__.c]
END = """
WITH gone AS (DELETE FROM doma_panda.{table} WHERE pandaid = ANY(:ids) RETURNING *)
INSERT INTO doma_panda.jobsarchived4 ({columns}) SELECT {columns} FROM gone
"""


def do(database: Database, statement: str, **words: Any) -> None:
    with database.session() as session:
        session.execute(text(statement), words)


def end_elsewhere(
    database: Database, *pandaids: int, state: str = "finished", table: str = "jobsactive4"
) -> None:
    """End jobs as an unmodified server does: it knows nothing of queues."""
    columns = ", ".join(f'"{name}"' for name in NAMES)
    do(database, END.format(table=table, columns=columns), ids=[*pandaids])
    changed = "SET jobstatus = :state, modificationtime = now() WHERE pandaid = ANY(:ids)"
    do(database, f"UPDATE doma_panda.jobsarchived4 {changed}", ids=[*pandaids], state=state)


def set_state(database: Database, pandaid: int, state: str) -> None:
    changed = "UPDATE doma_panda.jobsactive4 SET jobstatus = :state WHERE pandaid = :id"
    do(database, changed, id=pandaid, state=state)


def number(database: Database, table: Any) -> Any:
    with database.session() as session:
        return session.scalar(select(func.count()).select_from(table))


def repaired(database: Database) -> RepairResult:
    """Repair, and prove that a second repair has nothing to do."""
    done = queue.repair(database)
    assert queue.repair(database).number == 0
    return done


def test_children_of_a_parent_that_a_server_has_ended_are_released(database: Database) -> None:
    flow = [NewQueueJob(Q, "A", announce=True), NewQueueJob(Q, "B", parents=["A"])]
    parent, child = queue.submit(database, flow).pandaids
    (_lease,) = queue.claim(database, Q, 1, owner="w")
    end_elsewhere(database, parent)

    done = repaired(database)

    assert (done.ended, done.moved, done.leases) == (
        {parent: "finished"}, {child: "activated"}, [parent]
    )  # fmt: skip
    assert states(database, [child]) == ["activated"]
    assert (number(database, JobLease), number(database, Outbox)) == (0, 1)


def test_children_end_with_a_parent_that_a_server_has_killed(database: Database) -> None:
    flow = [NewQueueJob(Q, "A"), NewQueueJob(Q, "B", parents=["A"], on_failure="cancel")]
    parent, child = queue.submit(database, flow).pandaids
    end_elsewhere(database, parent, state="cancelled")

    assert repaired(database).moved == {child: "closed"}


def test_a_place_in_a_group_is_freed(database: Database) -> None:
    first, second = queue.submit(database, jobs(2, group="g")).pandaids
    end_elsewhere(database, first, state="failed")

    assert repaired(database).moved == {second: "activated"}


def test_a_member_that_cannot_run_leaves_its_group(database: Database) -> None:
    first, second = queue.submit(database, jobs(2, group="g")).pandaids
    columns = ", ".join(f'"{name}"' for name in NAMES)
    back = END.replace("jobsarchived4", "jobsdefined4")
    do(database, back.format(table="jobsactive4", columns=columns), ids=[first])
    do(database, "UPDATE doma_panda.jobsdefined4 SET jobstatus = 'assigned'")

    done = repaired(database)

    assert (done.left_groups, done.moved) == ([first], {second: "activated"})


def test_the_key_of_a_job_that_a_server_has_ended_is_free_again(database: Database) -> None:
    (first,) = queue.submit(database, jobs(1, dedupe_key="k")).pandaids
    end_elsewhere(database, first)

    assert repaired(database).ended == {first: "finished"}
    assert queue.submit(database, jobs(1, dedupe_key="k")).pandaids != [first]


def test_a_job_that_a_server_has_released_waits_for_its_group_again(database: Database) -> None:
    first, second = queue.submit(database, jobs(2, group="g")).pandaids
    set_state(database, second, "activated")

    done = repaired(database)

    assert (done.joined_groups, done.moved) == ([second], {second: "throttled"})
    assert states(database, [first, second]) == ["activated", "throttled"]


def test_activated_jobs_that_are_no_members_get_a_place_or_wait(database: Database) -> None:
    ids = queue.submit(database, jobs(3, group="g")).pandaids
    do(database, "DELETE FROM pandadb.job_group_member")
    for job in ids:
        set_state(database, job, "activated")

    done = repaired(database)

    assert (done.joined_groups, done.moved) == (ids, dict.fromkeys(ids[1:], "throttled"))
    assert number(database, JobGroupMember) == 3


def test_jobs_that_run_keep_their_place_beyond_the_limit(database: Database) -> None:
    ids = queue.submit(database, jobs(3, group="g")).pandaids
    for job in ids[:2]:
        set_state(database, job, "activated")
    assert len(queue.claim(database, Q, 9, owner="w")) == 2

    assert repaired(database).joined_groups == [ids[1]]
    assert states(database, ids) == ["sent", "sent", "throttled"]
    with database.session() as session:
        admitted = select(JobGroupMember.pandaid).where(JobGroupMember.admitted)
        assert sorted(session.scalars(admitted)) == ids[:2]


def test_the_lease_of_a_job_that_a_server_has_taken_back_ends(database: Database) -> None:
    queue.submit(database, jobs(1))
    (lease,) = queue.claim(database, Q, 1, owner="w")
    set_state(database, lease.pandaid, "activated")

    assert repaired(database).leases == [lease.pandaid]
    assert queue.heartbeat(database, [lease])[lease.pandaid].is_lost


def test_children_of_a_parent_in_the_archive_and_of_one_that_is_nowhere(
    database: Database,
) -> None:
    (archived,) = queue.submit(database, [NewQueueJob(Q, "A")]).pandaids
    end_long_ago(database, [archived])
    lost, child, other = queue.submit(
        database,
        [
            NewQueueJob(Q, "L"),
            NewQueueJob(Q, "B", parents=[archived, "L"], on_failure="ignore"),
            NewQueueJob(Q, "C", parents=[archived]),
        ],
    ).pandaids
    do(database, "UPDATE pandadb.job_dependency SET parent_state = NULL")
    do(database, "DELETE FROM doma_panda.jobsactive4 WHERE pandaid = :id", id=lost)
    do(database, "UPDATE doma_panda.jobsdefined4 SET jobstatus = 'pending'")
    archive.run(database)

    done = repaired(database)

    assert done.ended == {archived: "finished", lost: "closed"}
    assert states(database, [child]) == ["activated"]
    assert other not in done.ended


def test_a_row_whose_job_is_nowhere_is_left_to_the_archive(database: Database) -> None:
    (lost,) = queue.submit(database, jobs(1)).pandaids
    do(database, "DELETE FROM doma_panda.jobsactive4")

    done = queue.repair(database)

    assert (done.left_over, done.number) == ([lost], 0)
    archive.run(database)
    assert queue.repair(database).left_over == []


def test_a_pending_job_with_nothing_to_wait_for_goes_on(database: Database) -> None:
    flow = [NewQueueJob(Q, "A"), NewQueueJob(Q, "B", parents=["A"])]
    _, child = queue.submit(database, flow).pandaids
    do(database, "DELETE FROM pandadb.job_dependency")

    assert repaired(database).moved == {child: "activated"}


def test_workers_that_ended_or_were_killed_long_ago_are_forgotten(database: Database) -> None:
    for name in ("killed", "ended", "busy", "new", "alive"):
        queue.register(database, name, [Q], 1)
    for name in ("ended", "new"):
        queue.stop(database, name)
    queue.submit(database, jobs(1))
    queue.claim(database, Q, 1, owner="busy")
    old = "SET last_seen = now() - interval '8 days', stopped_at = stopped_at - interval '8 days'"
    do(database, f"UPDATE pandadb.worker {old} WHERE worker_id IN ('killed', 'ended', 'busy')")

    assert repaired(database).workers == ["ended", "killed"]
    left = {row["worker_id"] for row in queue.workers(database, stopped=True)}
    assert left == {"busy", "new", "alive"}


def test_nothing_is_repaired_in_order(database: Database) -> None:
    queue.submit(database, [*jobs(3, group="g"), *jobs(1, delay=600), *jobs(1, dedupe_key="k")])
    flow = [NewQueueJob(Q, "A"), NewQueueJob(Q, "B", parents=["A"])]
    queue.submit(database, flow)
    queue.claim(database, Q, 2, owner="w")

    assert queue.repair(database) == RepairResult()


def test_a_dry_run_says_the_same_and_changes_nothing(database: Database) -> None:
    flow = [NewQueueJob(Q, "A"), NewQueueJob(Q, "B", parents=["A"])]
    parent, child = queue.submit(database, flow).pandaids
    end_elsewhere(database, parent)

    tried = queue.repair(database, VerbOptions(dry_run=True))

    assert states(database, [child]) == ["pending"]
    assert queue.repair(database) == tried
    assert replace(tried, moved={}) != tried


def test_a_repair_is_due_once_in_a_while(database: Database) -> None:
    assert queue.repair_if_due(database) == RepairResult()
    assert queue.repair_if_due(database) is None
    assert queue.repair_if_due(database, 0) == RepairResult()
    assert number(database, JobControl) == 0
