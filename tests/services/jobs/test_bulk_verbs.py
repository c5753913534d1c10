"""Verbs for the jobs of a filter: in batches, and none that has ceased to match."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, select, text, update

from pandadb.core.jobs.ending.kills import UnknownCode
from pandadb.core.jobs.refusals import JobsLocked, RefusalReason
from pandadb.core.jobs.search.filters import CONDITIONS
from pandadb.core.jobs.states import STATES
from pandadb.core.sql.transaction import Lock
from pandadb.core.sql.validation import InvalidValue
from pandadb.core.statemachine.machine import UnknownVerb
from pandadb.models import JediDatasets, JobsActive4, JobsArchived4
from pandadb.services import jobs
from pandadb.services.jobs import Filter, JobFilter, VerbOptions
from tests.factories import make_job, make_task, make_task_job

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandadb.database import Database

TASK = 5
OF_TASK = Filter(jeditaskid=TASK)


def make(database: Database, *states: str, **columns: Any) -> list[int]:
    with database.session() as session:
        return [make_job(session, state, jeditaskid=TASK, **columns) for state in states]


def statuses(database: Database) -> dict[int, str]:
    return {
        job["pandaid"]: job["jobstatus"]
        for job in jobs.iterate(database, columns=["pandaid", "jobstatus"])
    }


@pytest.mark.parametrize("batch_size", [1, 2, 3, 100])
def test_jobs_that_match_move_and_those_in_another_state_are_refused(
    database: Database, batch_size: int
) -> None:
    made = make(database, "defined", "assigned", "running", "defined", "finished")
    heard: list[int] = []

    moved = jobs.advance_where(
        database, "activate", OF_TASK, batch_size=batch_size, on_progress=heard.append
    )

    assert moved.jobs == dict.fromkeys((made[0], made[1], made[3]), "activated")
    assert moved.before == {made[0]: "defined", made[1]: "assigned", made[3]: "defined"}
    assert {job: why.reason for job, why in moved.refused.items()} == {made[2]: RefusalReason.STATE}
    assert sum(heard) == jobs.count_where(database, OF_TASK) == 4  # without the one that has ended


@pytest.mark.parametrize("verb", jobs.VERBS)
def test_it_has_the_result_of_the_same_verb_with_pandaids(database: Database, verb: str) -> None:
    made = make(database, *[name for name, state in STATES.items() if not state.final])
    dry_run = VerbOptions(dry_run=True)

    by_filter = jobs.advance_where(database, verb, OF_TASK, dry_run, batch_size=4)

    assert by_filter == jobs.advance(database, verb, made, dry_run)
    assert by_filter.jobs


def test_values_go_to_all_jobs(database: Database) -> None:
    make(database, "running", "running")

    jobs.advance_where(database, "fail", OF_TASK, batch_size=1, transexitcode="137")

    with database.session() as session:
        assert session.scalars(select(JobsArchived4.transexitcode)).all() == ["137", "137"]


def test_a_dry_run_has_the_result_and_changes_nothing(database: Database) -> None:
    made = make(database, "activated", "defined", "running", prodsourcelabel="user")
    options = VerbOptions(dry_run=True)

    moved = jobs.advance_where(
        database, "activate", Filter(jobstatus="defined"), options, batch_size=1
    )
    killed = jobs.kill_where(database, OF_TASK, by="test", options=options, batch_size=1)

    assert moved.jobs == {made[1]: "activated"}
    assert ({*killed.jobs}, killed.told) == ({made[0], made[1]}, [made[2]])
    assert [*statuses(database).values()] == ["activated", "defined", "running"]


def test_a_kill_takes_all_jobs_of_a_task_with_its_files(database: Database) -> None:
    with database.session() as session:
        make_task(session, TASK, 5)
        made = [make_task_job(session, TASK, n, prodsourcelabel="managed") for n in range(5)]

    killed = jobs.kill_where(database, OF_TASK, by="test", code=9, batch_size=2)

    assert killed.jobs == dict.fromkeys(made, "cancelled")
    assert (killed.told, killed.refused) == ([], {})
    with database.session() as session:
        dataset = session.get_one(JediDatasets, (TASK, TASK * 10))
        assert dataset.nfilesused == 0


def test_a_kill_asks_running_jobs_of_users_to_end_and_cancel_ends_them(database: Database) -> None:
    running, activated = make(database, "running", "activated", prodsourcelabel="user")

    killed = jobs.kill_where(database, OF_TASK, by="test", batch_size=1)
    jobs.hold(database, running)
    ended = jobs.advance_where(database, "cancel", OF_TASK)

    assert (killed.told, {*killed.jobs}) == ([running], {activated})
    assert (ended.jobs, ended.refused) == ({running: "cancelled"}, {})


def test_a_filter_without_a_condition_and_ended_jobs_are_refused(database: Database) -> None:
    make(database, "running")
    for chosen in (Filter(), Filter(timecolumn="endtime"), Filter(tables=["jobsactive4"])):
        with pytest.raises(InvalidValue, match="matches every job"):
            jobs.advance_where(database, "fail", chosen)
        with pytest.raises(InvalidValue, match="matches every job"):
            jobs.kill_where(database, chosen, by="test")
    with pytest.raises(InvalidValue, match="Jobs of the archive have ended: verbs are for jobsd"):
        jobs.count_where(database, Filter(jeditaskid=TASK, archive=True))
    with pytest.raises(InvalidValue, match="Jobs of jobsarchived4 have ended"):
        jobs.kill_where(database, Filter(jeditaskid=5, tables=["jobsarchived4"]), by="test")
    assert [*statuses(database).values()] == ["running"]


def test_wrong_arguments_are_refused_even_if_nothing_matches(database: Database) -> None:
    with pytest.raises(UnknownVerb, match=r"There is no verb 'finnish': is it finish"):
        jobs.advance_where(database, "finnish", OF_TASK)
    with pytest.raises(UnknownVerb, match="jobs are killed and closed by `jobs kill`"):
        jobs.advance_where(database, "close", OF_TASK)
    with pytest.raises(InvalidValue, match="has no column"):
        jobs.advance_where(database, "fail", OF_TASK, exitcode=1)  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="batch_size has to be from 1"):
        jobs.advance_where(database, "fail", OF_TASK, batch_size=0)
    with pytest.raises(UnknownCode):
        jobs.kill_where(database, OF_TASK, by="test", code=12345)
    with pytest.raises(InvalidValue, match="by"):
        jobs.kill_where(database, OF_TASK, by="a\0")


def test_a_state_of_ended_jobs_matches_nothing(database: Database) -> None:
    make(database, "failed")

    moved = jobs.advance_where(database, "activate", Filter(jobstatus="failed"))

    assert (moved.jobs, moved.refused) == ({}, {})
    assert jobs.count_where(database, Filter(jobstatus="failed")) == 0


BOTH = pytest.mark.parametrize(
    ("verb", "first", "then"),
    [("fail", "running", "holding"), ("release", "throttled", "activated")],
    ids=["with effects on files", "without"],
)


@BOTH
def test_a_job_that_changes_before_its_batch_is_left_alone(
    database: Database, verb: str, first: str, then: str
) -> None:
    made = make(database, first, first, first)
    chosen = Filter(jeditaskid=TASK, jobstatus=first)

    def leave(_: int) -> None:
        with database.session() as session:
            job = session.get_one(JobsActive4, made[1])
            job.jobstatus = then

    moved = jobs.advance_where(database, verb, chosen, batch_size=1, on_progress=leave)

    assert {*moved.jobs} == {made[0], made[2]}
    assert moved.refused == {}
    assert statuses(database)[made[1]] == then


def test_a_job_that_another_transaction_changes_is_looked_at_again_after_the_wait(
    database: Database,
) -> None:
    (pandaid,) = make(database, "activated")
    chosen, held, done = Filter(jeditaskid=TASK, jobstatus="activated"), Event(), []

    def throttle() -> None:
        held.wait()
        done.append(jobs.advance_where(database, "throttle", chosen))

    thread = Thread(target=throttle)
    thread.start()
    with database.session() as session:
        session.execute(update(JobsActive4).values(jobstatus="sent"))
        held.set()
        waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        while not session.scalar(waits):
            pass
    thread.join()

    assert (done[0].jobs, done[0].refused) == ({}, {})
    assert statuses(database) == {pandaid: "sent"}


@BOTH
def test_locked_jobs_are_skipped_with_a_reason_or_refuse_the_batch(
    database: Database, verb: str, first: str, then: str
) -> None:
    made = make(database, first, first)
    with database.session() as session:
        session.execute(
            select(JobsActive4.pandaid).where(JobsActive4.pandaid == made[0]).with_for_update()
        )
        with pytest.raises(JobsLocked):
            jobs.advance_where(database, verb, OF_TASK, VerbOptions(lock=Lock.NOWAIT))
        moved = jobs.advance_where(database, verb, OF_TASK, VerbOptions(lock=Lock.SKIP))

    assert {*moved.jobs} == {made[1]}
    assert moved.refused[made[0]].reason is RefusalReason.LOCKED
    assert "another transaction is changing it" in moved.refused[made[0]].sentence
    assert statuses(database)[made[0]] == first != then


def test_jobs_submitted_meanwhile_are_left_alone(database: Database) -> None:
    make(database, "defined", "defined")
    heard: list[int] = []

    def submit(number: int) -> None:
        heard.append(number)
        make(database, "defined", "defined")

    moved = jobs.advance_where(database, "activate", OF_TASK, batch_size=1, on_progress=submit)

    assert (len(moved.jobs), heard) == (2, [1, 1])


def test_each_batch_is_a_few_statements_however_many_jobs_it_has(database: Database) -> None:
    def sent(number: int) -> int:
        make(database, *["activated"] * number)
        found: list[str] = []
        event.listen(database.engine, "before_cursor_execute", lambda *it: found.append(it[2]))
        jobs.advance_where(database, "throttle", Filter(jobstatus="activated"))
        return len(found)

    sent(1)
    few, many = sent(1), sent(300)

    assert many <= few + few  # both listeners hear the second call


def test_a_batch_that_fails_leaves_those_before_it(database: Database) -> None:
    made = make(database, "activated", "activated")
    with database.session() as session:
        session.execute(
            select(JobsActive4.pandaid).where(JobsActive4.pandaid == made[1]).with_for_update()
        )
        with pytest.raises(JobsLocked):
            jobs.advance_where(
                database, "throttle", OF_TASK, VerbOptions(patience=0.05), batch_size=1
            )

    assert statuses(database) == {made[0]: "throttled", made[1]: "activated"}
    again = jobs.advance_where(database, "throttle", Filter(jobstatus="activated"))
    assert {*again.jobs} == {made[1]}


@pytest.mark.slow
def test_many_at_once_wait_for_each_other_without_deadlocks(database: Database) -> None:
    with database.session() as session:
        make_task(session, TASK, 60)
        made = [make_task_job(session, TASK, n) for n in range(60)]
    calls: list[Callable[[int], Any]] = [
        lambda size: jobs.kill_where(database, OF_TASK, by="a", code=99, batch_size=size),
        lambda size: jobs.advance_where(database, "fail", OF_TASK, batch_size=size),
        lambda size: jobs.advance_where(database, "hold", OF_TASK, batch_size=size),
        lambda size: jobs.fail(database, made[::-size]),
    ]

    with ThreadPoolExecutor(8) as threads:
        done = [*threads.map(lambda n: calls[n % 4](n + 3), range(12))]

    ended = [job for one in done for job, state in one.jobs.items() if state != "holding"]
    assert sorted(ended) == made  # each once
    with database.session() as session:
        assert session.get_one(JediDatasets, (TASK, TASK * 10)).nfilesused == 0


def test_each_field_of_a_filter_is_a_condition_or_a_place() -> None:
    places = {"tables", "archive", "timecolumn"}

    assert {field.name for field in fields(Filter)} == {*CONDITIONS} | places


def test_a_filter_of_the_controller_is_taken_as_well(database: Database) -> None:
    made = make(database, "activated", "activated", "running", "finished")
    chosen = JobFilter(tasks=TASK) & ~JobFilter(pandaids=made[1])

    assert jobs.count_where(database, chosen) == 2
    assert jobs.advance_where(database, "throttle", chosen).jobs == {made[0]: "throttled"}
    assert {*jobs.kill_where(database, chosen, by="ann").jobs} == {made[0], made[2]}
    assert [job["pandaid"] for job in jobs.iterate(database, ~chosen, columns=["pandaid"])] == [
        made[1]
    ]
    with pytest.raises(InvalidValue, match="without a condition matches every job"):
        jobs.count_where(database, JobFilter())
    with pytest.raises(InvalidValue, match="Jobs of the archive have ended"):
        jobs.count_where(database, JobFilter(tasks=TASK, archived=True))


def test_a_job_that_ceases_to_match_a_combined_filter_is_left_alone(database: Database) -> None:
    made = make(database, "activated", "activated", currentpriority=5)
    chosen = JobFilter(tasks=TASK, currentpriority=5) | JobFilter(tasks=TASK + 1)

    def lower(_: int) -> None:
        with database.session() as session:
            session.execute(
                update(JobsActive4).where(JobsActive4.pandaid == made[1]).values(currentpriority=1)
            )

    moved = jobs.advance_where(database, "throttle", chosen, batch_size=1, on_progress=lower)
    assert moved.jobs == {made[0]: "throttled"}
