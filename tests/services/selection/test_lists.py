"""Lists, counts, reports and dumps of the chosen jobs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from pandadb.controller import JobFilter
from pandadb.core.jobs.search.pages import UnknownJob
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import JobsDebug
from pandadb.services import jobs
from pandadb.services.selection import count_jobs, dump, list_jobs, report
from tests.factories import make_archived, make_job, make_log, make_retry, make_satellites

if TYPE_CHECKING:
    from pandadb.database import Database

NOW = datetime.now(UTC).replace(tzinfo=None)
HOUR = timedelta(hours=1)


@pytest.fixture
def made(database: Database) -> list[int]:
    """A running job, one that has failed, and one in the archive, each with its satellites."""
    with database.session() as session:
        found = [
            make_job(session, "running", computingsite="A"),
            make_job(session, "failed", computingsite="B", produsername="ann", jeditaskid=7),
            make_archived(session, "finished", computingsite="B"),
        ]
        for pandaid in found[:2]:
            make_satellites(session, pandaid)
        session.add(JobsDebug(pandaid=found[0], stdout="step 5"))
        make_log(session, found[1], ("running", NOW), ("failed", NOW))
        make_retry(session, 5, found[1])
    return found


def test_a_full_list_has_what_a_look_at_each_job_has(database: Database, made: list[int]) -> None:
    every = JobFilter(pandaids=made, archived=True)

    page = list_jobs(database, every, full=True)

    assert page.jobs == [jobs.get(database, pandaid) for pandaid in made]
    assert [len(job["files"]) for job in page.jobs] == [3, 3, 1]


def test_a_full_list_takes_as_many_statements_for_many_jobs_as_for_one(database: Database) -> None:
    with database.session() as session:
        for _ in range(20):
            make_satellites(session, make_job(session, "finished", jeditaskid=5))
    sent: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: sent.append(given[2]))

    list_jobs(database, JobFilter(tasks=5), full=True, limit=1)
    one = len(sent)
    list_jobs(database, JobFilter(tasks=5), full=True, limit=20)

    assert len(sent) == 2 * one


def test_a_list_is_short_and_in_pages(database: Database, made: list[int]) -> None:
    first = list_jobs(database, JobFilter(archived=True), limit=2, order="computingsite")
    rest = list_jobs(
        database, JobFilter(archived=True), limit=2, order="computingsite", after=first.next
    )

    assert [job["pandaid"] for job in first.jobs + rest.jobs] == made
    assert len(first.jobs[0]) == 15


def test_jobs_are_counted_at_once_or_by_columns(database: Database, made: list[int]) -> None:
    every = JobFilter(archived=True)

    assert count_jobs(database, every) == 3
    assert count_jobs(database, every, by="computingsite") == {"B": 2, "A": 1}
    assert count_jobs(database, every, by=["computingsite", "jobstatus"]) == {
        ("A", "running"): 1,
        ("B", "failed"): 1,
        ("B", "finished"): 1,
    }
    assert count_jobs(database, JobFilter(status=[])) == 0
    assert count_jobs(database, JobFilter(status=[]), by="jobstatus") == {}


def test_a_report_counts_by_state_and_queue_and_hour(database: Database) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    times = [now - number * HOUR for number in range(4)]
    with database.session() as session:
        for time in times:
            make_job(session, "running", computingsite="A", creationtime=time)
            make_job(session, "failed", computingsite="B", creationtime=time, modificationtime=time)
        make_job(session, "finished", creationtime=times[2], modificationtime=times[1])

    found = report(database, intervals=3)
    hour = now.replace(minute=0, second=0, microsecond=0)
    if found.trend[-1].since != hour:
        pytest.skip("the hour has just changed")

    assert found.states == {"running": 4, "failed": 4, "finished": 1}
    assert found.queues == {"A": {"running": 4}, "B": {"failed": 4}, "": {"finished": 1}}
    assert [count.created for count in found.trend] == [3, 2, 2]
    assert [count.ended["failed"] for count in found.trend] == [1, 1, 1]
    assert [count.ended["finished"] for count in found.trend] == [0, 1, 0]
    assert found.trend[-1].since == hour
    of_b = report(database, JobFilter(queue="B"), interval="day", intervals=2)
    assert sum(count.ended["failed"] for count in of_b.trend) == 4
    with pytest.raises(InvalidValue, match=r"no interval 'hours': is it hour\?"):
        report(database, interval="hours")
    with pytest.raises(InvalidValue, match="number of intervals has to be from 1"):
        report(database, intervals=0)


def test_a_dump_has_all_about_a_job(database: Database, made: list[int]) -> None:
    running, failed = dump(database, JobFilter(status=["running", "failed"]))

    assert running["record"]["output"] == "step 5"
    assert running["parameters"] == "--events 10"
    record = failed["record"]
    assert (record["job"]["jobstatus"], record["job"]["table"]) == ("failed", "jobsarchived4")
    assert [entry["jobstatus"] for entry in record["log"]] == ["running", "failed"]
    assert [relation["oldpandaid"] for relation in record["attempts"]] == [5]
    assert len(record["files"]) == len(failed["files"]) == 3


def test_a_dump_can_be_submitted_as_the_same_work(database: Database, made: list[int]) -> None:
    (dumped,) = dump(database, made[1])

    again = jobs.submit(database, jobs.read(json.dumps(dumped, default=str)))

    (copy,) = dump(database, again)
    assert copy["produsername"] == "ann"
    assert [file["type"] for file in copy["files"]] == ["input", "output", "log"]
    assert copy["parameters"] == dumped["parameters"]
    assert copy["record"]["job"]["jobstatus"] == "defined"


def test_archived_jobs_are_dumped_if_asked_and_unknown_ones_are_an_error(
    database: Database, made: list[int]
) -> None:
    (archived,) = dump(database, made[2], archived=True)

    assert archived["record"]["job"]["table"] == "jobsarchived"
    with pytest.raises(UnknownJob, match=f"Job {made[2]} is unknown"):
        [*dump(database, made)]
