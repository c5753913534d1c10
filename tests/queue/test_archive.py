"""Control rows of archived jobs: they follow by all ways, and come back with their jobs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text

from pandadb.models import JobsDebug
from pandadb.services import archive, jobs, queue, sequences
from pandadb.services.archive import GracePeriods
from pandadb.services.archive.after_days import control_rows
from pandadb.services.queue import NewQueueJob
from pandadb.services.selection import NotFound
from tests.databases import temporary_database
from tests.queue.archived_jobs import OLD, counts, end_long_ago, old_flow

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.database import Database
    from tests.databases import Server

pytestmark = pytest.mark.slow

NONE, FLOW = (0, 0, 0), (3, 2, 1)
AT_ONCE = GracePeriods.of_days(0, 0)


def test_control_rows_follow_a_swapped_day_and_public_ids_stay_findable(
    database: Database,
) -> None:
    ids = old_flow(database)
    with database.session() as session:
        name = str(session.scalar(text("SELECT min(public_id) FROM pandadb.job_control")))
        for job in (*ids, 5):  # the last is PanDA's own
            session.add(JobsDebug(pandaid=job, stdout="end"))
    before = queue.find_public(database, name)[name]

    ran = archive.run(database)

    assert len(ran.done) == 1
    with database.session() as session:
        assert session.scalars(select(JobsDebug.pandaid)).all() == [5]
    assert ran.control_rows == {"job_control_arch": 3, "job_dependency_arch": 2, "outbox_arch": 1}
    assert (counts(database), counts(database, "_arch")) == (NONE, FLOW)
    found = queue.find_public(database, [name, "no such id"])
    assert [*found] == [name]
    assert (found[name].pandaid, found[name].is_archived) == (before.pandaid, True)
    assert jobs.get(database, ids[0])["jobstatus"] == "finished"
    words = f"Job {ids[0]} is in the archive schema since its end on {OLD}: restore it first"
    with pytest.raises(NotFound, match=words):
        queue.rerun(database, ids[0], force=True)
    assert queue.cancel(database, ids[0], by="me").refused[ids[0]].startswith(words)
    assert archive.run(database).control_rows == {}


def test_a_restored_day_brings_them_back(database: Database) -> None:
    old_flow(database)
    archive.run(database)

    archive.restore(database, OLD)

    assert (counts(database), counts(database, "_arch")) == (FLOW, NONE)
    archive.run(database, only=[OLD])
    assert (counts(database), counts(database, "_arch")) == (NONE, FLOW)


def test_jobs_by_rows_take_theirs_along_in_their_transactions(database: Database) -> None:
    first, second, third = old_flow(database)
    archive.run(database)

    archive.restore_jobs(database, pandaids=[first])

    assert counts(database) == (1, 1, 1)  # the dependency of C on A has a live job again
    assert counts(database, "_arch") == (2, 1, 0)
    merged = archive.run(database, only=[OLD]).merged
    assert [one.gone.rows["job_control_arch"] for one in merged] == [1]
    assert (counts(database), counts(database, "_arch")) == (NONE, FLOW)
    assert {second, third} < {*range(first, third + 1)}


def test_a_run_takes_up_what_an_interrupted_one_has_left(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_flow(database)
    with monkeypatch.context() as patched:
        patched.setattr(control_rows, "follow", lambda *_: None)
        archive.run(database)
    assert counts(database) == FLOW
    assert len(control_rows.left_behind(database)) == 3

    ran = archive.run(database)

    assert ran.control_rows["job_control_arch"] == 3
    assert ran.outcome == "done"
    assert (counts(database), counts(database, "_arch")) == (NONE, FLOW)


def test_a_child_that_lives_keeps_its_dependency_and_goes_on(database: Database) -> None:
    (parent,) = queue.submit(database, [NewQueueJob("demo", "A")]).pandaids
    end_long_ago(database, [parent])
    late = NewQueueJob("demo", "B", parents=[parent], delay=900)
    (child,) = queue.submit(database, [late]).pandaids

    archive.run(database)

    assert (counts(database), counts(database, "_arch")) == ((1, 1, 0), (1, 0, 0))
    with database.session() as session:
        session.execute(text("UPDATE pandadb.job_control SET run_after = '2020-01-01'"))
    assert [one.pandaid for one in queue.claim(database, "demo", 9, owner="w")] == [child]


def test_events_that_wait_to_be_sent_stay(database: Database) -> None:
    old_flow(database)
    with database.session() as session:
        session.execute(text("UPDATE pandadb.outbox SET sent_at = NULL"))

    archive.run(database)

    assert (counts(database), counts(database, "_arch")) == ((0, 0, 1), (3, 2, 0))


def test_control_rows_of_live_jobs_stay(database: Database) -> None:
    queue.submit(database, [NewQueueJob("demo", "A"), NewQueueJob("demo", "B", parents=["A"])])

    assert archive.run(database).control_rows == {}
    assert counts(database) == (2, 1, 0)


@pytest.mark.slow
def test_control_rows_of_copied_days_stay_in_their_database_and_come_back(
    database: Database, server: Server, template: str
) -> None:
    from pandadb.database import Database as Other

    old_flow(database)
    with temporary_database(server, template) as url:
        other = Other(url)
        archive.run(database, archive=other, waits=AT_ONCE)
        assert counts(database) == FLOW  # copied, and still here

        archive.run(database, archive=other, waits=AT_ONCE)
        assert (counts(database), counts(database, "_arch")) == (NONE, FLOW)
        assert counts(other, "_arch") == NONE

        archive.restore(database, OLD, archive=other)
        assert (counts(database), counts(database, "_arch")) == (FLOW, NONE)
        other.close()


def test_sequences_are_beyond_archived_events_and_tokens(database: Database) -> None:
    old_flow(database)
    archive.run(database)
    queue.submit(database, [NewQueueJob("demo", "A")])
    (lease,) = queue.claim(database, "demo", 1, owner="w")
    with database.session() as session:
        for name in ("outbox_event_id_seq", "job_lease_token"):
            session.execute(text(f"SELECT setval('pandadb.{name}', 1, false)"))

    behind = sequences.fix(database)

    assert [(one.sequence, one.table, one.highest) for one in behind] == [
        ("pandadb.job_lease_token", "pandadb.job_lease", lease.token),
        ("pandadb.outbox_event_id_seq", "pandadb.outbox_arch", 1),
    ]
    assert sequences.fix(database) == []


@pytest.mark.slow
def test_an_exported_month_leaves_public_ids_and_an_imported_one_finds_its_rows(
    database: Database, tmp_path: Path
) -> None:
    ids = old_flow(database)
    archive.run(database)
    month = f"{OLD:%Y-%m}"
    first = queue.find_public(database, public_id(database, ids[0]))

    archive.export(database, month, tmp_path)
    archive.drop_exported(database, month, tmp_path)

    assert counts(database, "_arch") == FLOW
    assert queue.find_public(database, [*first]) == first
    assert jobs.get(database, ids[0], exports=tmp_path)["table"] == "parquet"
    archive.import_month(database, month, tmp_path)
    archive.restore_jobs(database, pandaids=ids)
    assert (counts(database), counts(database, "_arch")) == (FLOW, NONE)


@pytest.mark.slow
def test_a_compacted_month_keeps_them(database: Database) -> None:
    ids = old_flow(database)
    archive.run(database)
    archive.compact(database, f"{datetime.now(UTC):%Y-%m}")
    assert counts(database, "_arch") == FLOW
    archive.restore_jobs(database, pandaids=ids[:1])
    assert counts(database)[0] == 1


def public_id(database: Database, pandaid: int) -> str:
    with database.session() as session:
        query = "SELECT public_id FROM pandadb.job_control_arch WHERE pandaid = :id"
        return str(session.scalar(text(query), {"id": pandaid}))
