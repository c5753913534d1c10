"""Results from the database: notices wake (F.4-42), frozen and running jobs (F.4-48)."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import func, select, text

from pandadb import models
from pandadb.database import Database
from pandadb.sequences.database_results import DatabaseResults
from pandadb.sequences.end_listener import EndListener
from pandadb.sequences.joined_results import JoinedResults
from pandadb.sequences.journal import NullJournal
from pandadb.sequences.results import JobNumbers
from pandadb.sequences.runs import RunOptions, SequenceRuns
from pandadb.sequences.sources import find_sources
from tests.factories import make_archived, make_copy, make_job
from tests.sequences import job_sets
from tests.sequences.job_sets import USER
from tests.sequences.stages import summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sequences.pop_server import PopServer
    from tests.sequences.stages import Stage

pytestmark = pytest.mark.any_server
LONG = 30.0


@pytest.fixture
def results(database: Database) -> Iterator[DatabaseResults]:
    """A source that looks again after a notice, and not within the time of a test otherwise."""
    with closing(EndListener(database)) as listener:
        yield DatabaseResults(database, USER, poll=1000, listener=listener)


def awaited(results: DatabaseResults, numbers: JobNumbers) -> float:
    """Wait for a result as a blocking `result()` does; return the seconds."""
    begun = time.monotonic()
    while results.find(numbers, newer_than=None) is None:
        results.wait(1)
        assert time.monotonic() - begun < LONG, "no notice has come"
    return time.monotonic() - begun


def test_42_a_notice_wakes_a_sequence_when_the_last_job_of_a_worker_ends(
    database: Database, results: DatabaseResults
) -> None:
    jobset, _ = job_sets.submit(database, 3)
    numbers = JobNumbers(jobset=jobset)
    assert results.find(numbers, newer_than=None) is None
    job_sets.finish(database, 2)
    later = threading.Timer(0.5, job_sets.finish, (database, 1))
    later.start()

    assert awaited(results, numbers) < 5

    later.join()
    found = results.find(numbers, newer_than=None)
    assert found is not None
    assert (found.numbers, found.fields["Succeeded"], found.fields["Jobs"]) == (numbers, 3, 3)
    assert found.fields["Out"] == ["user.out"]
    assert results.find(numbers, newer_than=found.ended_at) is None, "a retry is awaited"


def test_a_kill_wakes_too(database: Database, results: DatabaseResults) -> None:
    jobset, pandaids = job_sets.submit(database, 2)
    numbers = JobNumbers(jobset=jobset)
    assert results.find(numbers, newer_than=None) is None
    job_sets.kill(database, pandaids)
    assert awaited(results, numbers) < 5


def test_an_end_between_a_look_and_the_wait_is_not_missed(
    database: Database, results: DatabaseResults
) -> None:
    jobset, _ = job_sets.submit(database, 1)
    assert results.find(JobNumbers(jobset=jobset), newer_than=None) is None
    job_sets.finish(database, 1)
    time.sleep(1)  # the notice has come, and no thread waits
    begun = time.monotonic()
    results.wait(LONG)
    assert time.monotonic() - begun < 5
    assert results.find(JobNumbers(jobset=jobset), newer_than=None) is not None


def test_without_notices_it_polls_and_asks_the_database_only_now_and_then(
    database: Database,
) -> None:
    jobset, _ = job_sets.submit(database, 1)
    numbers = JobNumbers(jobset=jobset)
    results = DatabaseResults(database, USER, poll=0.5)
    assert results.find(numbers, newer_than=None) is None
    job_sets.finish(database, 1)
    assert results.find(numbers, newer_than=None) is None, "the pause of the poll is not over"
    results.wait(0.7)
    assert results.find(numbers, newer_than=None) is not None


def test_a_lost_connection_costs_no_result(database: Database, results: DatabaseResults) -> None:
    jobset, _ = job_sets.submit(database, 1)
    assert results.find(JobNumbers(jobset=jobset), newer_than=None) is None
    listening = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'LISTEN%'"
    )
    with database.session() as session:
        assert session.scalars(listening).all() == [True]
    job_sets.finish(database, 1)
    assert awaited(results, JobNumbers(jobset=jobset)) < LONG


def test_a_sequence_waits_on_while_the_server_is_away(database: Database) -> None:
    jobset, _ = job_sets.submit(database, 1)
    numbers = JobNumbers(jobset=jobset)
    job_sets.finish(database, 1)
    away = Database("postgresql://127.0.0.1:1/nowhere")
    results = DatabaseResults(away, USER, poll=0.01)
    assert results.find(numbers, newer_than=None) is None
    results._database = database  # it is back
    time.sleep(0.05)
    assert results.find(numbers, newer_than=None) is not None
    away.close()


def test_ends_of_jobs_send_no_notice_while_no_process_waits_for_them(database: Database) -> None:
    with psycopg.connect(database.libpq_url(), autocommit=True) as other:
        other.execute("LISTEN pandadb_done")
        job_sets.submit(database, 2)
        job_sets.finish(database, 1)
        assert [*other.notifies(timeout=0.3)] == []
        with closing(EndListener(database)) as listener:
            assert listener.count == 1, "it listens"
            job_sets.finish(database, 1)
            assert [one.payload for one in other.notifies(timeout=0.5)] == [""]
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(models.EndListener)) == 0


def test_48_frozen_jobs_are_those_of_the_last_days_live_and_archived(
    database: Database, results: DatabaseResults
) -> None:
    with database.session() as session:
        now = session.execute(text("SELECT now() AT TIME ZONE 'UTC'")).scalar_one()

        def ended(jobset: int, days: float, **columns: object) -> int:
            at = now - timedelta(days=days)
            given = {"jobsetid": jobset, "produsername": USER, "endtime": at, **columns}
            return make_job(session, "finished", modificationtime=at, **given)

        def archived(jobset: int, days: float) -> None:
            at = now - timedelta(days=days)
            given = {"jobsetid": jobset, "produsername": USER, "endtime": at}
            make_archived(session, "failed", modificationtime=at, **given)

        ended(1, days=1)
        archived(2, days=2)
        make_copy(session, ended(3, days=2.5))
        archived(4, days=10)
        archived(5, days=20)
        ended(6, days=1)
        make_job(session, "running", jobsetid=6, produsername=USER)
        ended(7, days=1, produsername="another")
        ended(0, days=0.5, jobsetid=None, jeditaskid=8)
        ended(0, days=0.5, jobsetid=None)

    def names(days: int) -> list[int]:
        return [one.numbers.number for one in results.frozen(days)]

    assert names(3) == [3, 2, 1, 8], "each once, the oldest first"
    assert names(14) == [4, 3, 2, 1, 8]
    assert names(30) == [5, 4, 3, 2, 1, 8]
    first = next(iter(results.frozen(14)))
    assert (first.fields["JobsetID"], first.fields["Failed"]) == (4, 1)
    assert isinstance(first.ended_at, datetime)


def test_48_running_jobs_are_job_sets_and_tasks_of_the_user_that_have_not_ended(
    database: Database, results: DatabaseResults
) -> None:
    with database.session() as session:
        for state, columns in (
            ("running", {"jobsetid": 300}),
            ("finished", {"jobsetid": 300}),
            ("activated", {"jobsetid": 600}),
            ("pending", {"jobsetid": 600}),
            ("defined", {"jeditaskid": 77}),
            ("waiting", {"jobsetid": -1, "jeditaskid": 78}),
            ("finished", {"jobsetid": 900}),
            ("running", {}),
        ):
            make_job(session, state, produsername=USER, **columns)
        make_job(session, "running", produsername="another", jobsetid=1000)

    assert [*results.running()] == [
        JobNumbers(jobset=300),
        JobNumbers(jobset=600),
        JobNumbers(task=77),
        JobNumbers(task=78),
    ]


BOTH = """\
### Known
pathena --outDS a
### ByMail
prun --outDS b
### Sequence
Known.execute()
ByMail.execute()
for step in (ByMail, Known):
    res = step.result()
    print('> %s %s %s' % (res.JobsetID, res.Succeeded, res.Out))
"""


def test_42_a_mail_wakes_for_jobs_of_elsewhere_and_a_notice_for_those_of_the_database(
    database: Database, results: DatabaseResults, stage: Stage, mailbox: PopServer
) -> None:
    jobset, _ = job_sets.submit(database, 2)
    stage.prepare("pathena.1", f" JobsetID : {jobset}\n", summary(jobset, failed=9))
    stage.submits("prun.1", 100_000)
    found = find_sources(3, is_needed=True)
    assert found.source is not None
    runs = SequenceRuns(
        RunOptions(), NullJournal(), stage.show.append,
        source=JoinedResults(results, found.source), local_jobs=found.local_jobs,
    )  # fmt: skip
    playing = threading.Thread(target=runs.run, args=([stage.file(BOTH)],))
    playing.start()
    deadline = time.monotonic() + LONG
    while len(stage.lines) < 1:
        assert time.monotonic() < deadline, "the mail has not woken it"
        time.sleep(0.05)
    job_sets.finish(database, 2)
    playing.join(LONG)

    assert stage.lines == [
        "100000 10 ['user.someone.005008.RDO.pool.v3']",
        f"{jobset} 2 ['user.out']",
    ], "the database is right about its jobs, not a mail"
    assert mailbox.logins
