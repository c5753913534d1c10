"""Consumers of one job set end, take ranges and are killed at the same time, and processes die."""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, func, select, update

from pandadb.core.events.states import EventStatus as Is
from pandadb.core.jobs import advances
from pandadb.core.jobs.ending import kills
from pandadb.database import Database
from pandadb.models import (
    FilesTable4,
    JediDatasetContents,
    JediDatasets,
    JediEvents,
    JediTasks,
    JobsActive4,
    JobsArchived4,
    JobsDefined4,
    JobsStatusLog,
)
from pandadb.services import events, jobs
from tests.core.jobs.event_service.test_consumer_ends import begin, input_file, take
from tests.event_tasks import EVENT, JOBSET, holders
from tests.factories import make_task, make_task_job
from tests.task_commands import sent_statements

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

FORK = multiprocessing.get_context("fork")


def all_rows(database: Database) -> dict[str, list[Any]]:
    """Return the rows of the tables that the end of a consumer changes."""
    tables = (JobsActive4, JobsDefined4, JobsArchived4, JediEvents, FilesTable4, JobsStatusLog)
    tables = (*tables, JediDatasetContents, JediDatasets)
    with database.session() as session:
        return {
            table.__tablename__: sorted(map(repr, session.execute(select(table.__table__))))
            for table in tables
        }


def test_of_consumers_that_end_at_once_one_has_the_merge_job_made(database: Database) -> None:
    with database.session() as session:
        consumers = begin(session, jobs=4)
        for number, job in enumerate(consumers, start=1):
            take(session, job, Is.FINISHED, number)

    with ThreadPoolExecutor(4) as pool:
        moved = [*pool.map(lambda job: jobs.finish(database, job), consumers)]

    assert {state for one in moved for state in one.jobs.values()} == {"merging"}
    assert sum(len(one.follow) for one in moved) == 1
    with database.session() as session:
        assert {status for _, status, _ in holders(session).values()} == {Is.DONE}
        codes = select(JobsArchived4.taskbuffererrorcode)
        assert sorted(code or 0 for code in session.scalars(codes)) == [112, 115, 115, 115]


@pytest.mark.slow
def test_ranges_are_taken_while_consumers_end_and_are_killed(database: Database) -> None:
    with database.session() as session:
        consumers = begin(session, ranges=40, jobs=6, maxattempt=9)
    ending, taking, killed = consumers[:2], consumers[2:5], consumers[5]

    def grab(job: int) -> None:
        for _ in range(10):
            events.take(database, job)

    with ThreadPoolExecutor(6) as pool:
        working = [pool.submit(grab, job) for job in taking]
        working += [pool.submit(jobs.fail, database, [job]) for job in ending]
        working.append(pool.submit(jobs.kill, database, [killed], by="somebody", code=2))
        for one in working:
            one.result()  # a deadlock would be an error

    with database.session() as session:
        live = {*session.scalars(select(JobsActive4.pandaid))}
        for owner, status, _ in holders(session).values():
            assert status in {Is.CANCELLED, Is.DISCARDED} or owner in {*live, JOBSET}
        assert session.scalar(select(func.count()).select_from(JediEvents)) == 40


def die(url: str, job: int, number: int) -> None:
    """End a consumer, and die before one of the statements."""
    with Database(url) as database:
        sent = 0

        def count(*_: Any) -> None:
            nonlocal sent
            sent += 1
            if sent == number:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(database.engine, "before_cursor_execute", count)
        jobs.finish(database, job)


@pytest.mark.slow
def test_a_process_that_dies_in_the_middle_changes_nothing(
    database: Database, database_url: str
) -> None:
    with database.session() as session:
        job, _other = begin(session, jobs=2)
        take(session, job, Is.FINISHED, 1, 2, 3, 4)
    before, number = all_rows(database), 0

    while True:
        number += 1
        process = FORK.Process(target=die, args=(database_url, job, number))
        process.start()
        process.join()
        if process.exitcode != -signal.SIGKILL:
            break
        assert all_rows(database) == before

    assert process.exitcode == 0
    assert number > 10
    with database.session() as session:
        assert {one[:2] for one in holders(session).values()} == {(job, Is.DONE)}


OWNED = [Is.SENT, Is.RUNNING, Is.FINISHED, Is.FAILED]
LIVES = st.lists(
    st.tuples(
        st.sampled_from(["finish", "fail", "kill"]),
        st.lists(st.sampled_from([None, *OWNED]), min_size=4, max_size=4),
    ),
    min_size=1,
    max_size=6,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(LIVES)
@pytest.mark.slow
def test_no_range_is_lost_or_doubled_and_no_job_set_forgotten(
    session: Session, lives: list[tuple[str, list[Is | None]]]
) -> None:
    """Whatever consumers do with the ranges that they take, and however they end."""
    point = session.begin_nested()
    begin(session, jobs=2, maxattempt=3)
    for verb, states in lives:
        job = session.scalar(select(func.min(JobsActive4.pandaid)))
        if job is None:
            break
        session.execute(update(JobsActive4).values(jobstatus="running"))
        for number, status in enumerate(states, start=1):
            if status is not None:
                _take_if_ready(session, job, number, status)
        if verb == "kill":
            kills.kill(session, [job], code=9, by="somebody", host="here")
        else:
            advances.advance(session, verb, [job], host="here")
        _holds(session)
    point.rollback()
    session.expire_all()


def _take_if_ready(session: Session, job: int, number: int, status: Is) -> None:
    ready = (EVENT.status == Is.READY, EVENT.attemptnr > 0, EVENT.pandaid == JOBSET)
    merges = select(JobsActive4.eventservice).where(JobsActive4.pandaid == job)
    if session.scalar(merges) != 2:
        session.execute(
            update(JediEvents)
            .where(EVENT.job_processid == 10 * number - 9, *ready)
            .values(pandaid=job, status=int(status))
        )


def _holds(session: Session) -> None:
    """Check the job set: its ranges, its jobs, its file."""
    live = {*session.scalars(select(JobsActive4.pandaid))}
    rows = session.execute(select(EVENT.job_processid, EVENT.pandaid, EVENT.status)).all()
    assert {first for first, _, _ in rows} == {1, 11, 21, 31}
    for first in (1, 11, 21, 31):
        current = [row for row in rows if row[0] == first and row.status != Is.FAILED]
        assert len(current) <= 1
    killed = {Is.CANCELLED, Is.DISCARDED}
    if input_file(session).attemptnr == 0:
        at_work = {row.pandaid for row in rows if row.status in (Is.SENT, Is.RUNNING)}
        assert at_work <= live
        assert live, "the job set is forgotten: its file is used, and no job lives"
    assert input_file(session).attemptnr <= 1
    assert not killed.intersection(row.status for row in rows) or input_file(session).attemptnr


def test_other_jobs_end_in_as_many_statements_as_before(session: Session) -> None:
    make_task(session, 3, files=12)
    ordinary = iter([make_task_job(session, 3, n) for n in range(12)])

    for verb, most in (("finish", 3), ("fail", 3)):
        with sent_statements(session) as sent:
            advances.advance(session, verb, [next(ordinary), next(ordinary)], host="here")
        assert len(sent) <= most
    with sent_statements(session) as sent:
        killed = [next(ordinary), next(ordinary)]
        kills.kill(session, killed, code=9, by="somebody", host="here")
    assert len(sent) <= 6  # with the lock of the jobs of queues


def test_many_job_sets_end_in_as_many_statements_as_one(session: Session) -> None:
    counted = []
    for number in (1, 8):
        session.execute(delete(JobsActive4))
        consumers = _job_sets(session, 10 * number, number)
        with sent_statements(session) as sent:
            advances.advance(session, "finish", consumers, host="here")
        counted.append(len(sent))

    assert counted[0] == counted[1]


def _job_sets(session: Session, task: int, number: int) -> list[int]:
    """Make jobs of job sets of their own, each with a range that it has finished."""
    make_task(session, task, files=number)
    made = []
    for n in range(number):
        columns = {"jobsetid": 100 * task + n, "eventservice": 1, "specialhandling": "eventservice"}
        job = make_task_job(session, task, n, **columns)
        key = {"jeditaskid": task, "datasetid": task * 10, "fileid": n, "pandaid": job}
        session.add(JediEvents(**key, job_processid=1, status=3, attemptnr=2))
        made.append(job)
    session.flush()
    assert session.get(JediTasks, task)
    return made
