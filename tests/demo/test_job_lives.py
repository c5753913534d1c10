"""The living demo: no job is lost or doubled, and the counters of its datasets follow."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from pandadb.core.jobs.states import STATES
from pandadb.demo import job_lives, task_progress
from pandadb.models import FilesTable4, HarvesterRelJobsWorkers, JobParamsTable
from pandadb.models.jobs.all_tables import JOB_TABLES

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server

UNSUCCESSFUL = ("failed", "cancelled", "closed")


def by_state(done: job_lives.Round) -> Counter[str]:
    return Counter({count.jobstatus: count.jobs for count in done.statuses})


@pytest.mark.slow
def test_every_job_is_in_exactly_one_table_after_every_round(database: Database) -> None:
    submitted = 0

    def look(done: job_lives.Round) -> None:
        nonlocal submitted
        submitted += done.done.get("submit", 0)
        with database.session() as session:
            places = task_progress.places(session, done.jeditaskid)
        assert len({place.pandaid for place in places}) == len(places) == submitted
        assert sum(count.jobs for count in done.statuses) == submitted
        homes = {table.__tablename__: table for table in JOB_TABLES}
        assert all(homes[p.table] in STATES[p.jobstatus].tables for p in places)

    life = job_lives.live(database, on_round=look)

    assert submitted == 200
    assert [done.number for done in life.rounds] == [*range(1, job_lives.ROUNDS + 1)]


def test_the_rounds_do_what_they_say_and_the_counters_follow(database: Database) -> None:
    life = job_lives.live(database)

    done: Counter[str] = Counter()
    for each in life.rounds:
        done.update(each.done)
    states = by_state(life.rounds[-1])
    ended = {"finish": "finished", "fail": "failed", "kill": "cancelled", "close": "closed"}
    assert {verb: done[verb] for verb in ended} == {v: states[s] for v, s in ended.items()}
    assert all(states[state] for state in ended.values())
    lost = sum(states[state] for state in UNSUCCESSFUL)
    assert [dataset.type for dataset in life.datasets] == ["input", "output", "log"]
    for dataset in life.datasets:
        assert (dataset.files, dataset.used) == (200, 200)
        assert (dataset.finished, dataset.failed) == (states["finished"], lost)
    assert len(life.left) == 200 - states["finished"] - lost > 0


def test_the_history_is_that_of_a_job_that_finished(database: Database) -> None:
    life = job_lives.live(database, 40)

    names = [step.jobstatus for step in life.history]
    times = [step.since for step in life.history]
    assert names[:3] == ["defined", "assigned", "activated"]
    assert names[-2:] == ["transferring", "finished"]
    assert times == sorted(times)


def test_jobs_have_files_parameters_and_workers(database: Database) -> None:
    life = job_lives.live(database, 20)

    with database.session() as session:
        files = session.execute(
            select(FilesTable4.type, func.count()).group_by(FilesTable4.type)
        ).all()
        parameters = session.scalar(select(func.count()).select_from(JobParamsTable))
        workers = session.scalar(select(func.count()).select_from(HarvesterRelJobsWorkers))
    assert dict(files) == {"input": 20, "output": 20, "log": 20}
    assert parameters == 20
    assert workers == sum(done.done.get("dispatch", 0) for done in life.rounds) > 0


@pytest.mark.slow
def test_each_run_makes_a_new_task_to_which_the_same_happens(database: Database) -> None:
    first, again, other = (job_lives.live(database, 60, seed=seed) for seed in (1, 1, 2))

    assert first.jeditaskid < again.jeditaskid < other.jeditaskid
    assert [replace(r, jeditaskid=again.jeditaskid) for r in first.rounds] == again.rounds
    assert [r.statuses for r in other.rounds] != [r.statuses for r in first.rounds]


@pytest.mark.parametrize("njobs", [1, 3])
def test_few_jobs_are_enough(database: Database, njobs: int) -> None:
    life = job_lives.live(database, njobs)

    assert sum(count.jobs for count in life.rounds[-1].statuses) == njobs
    assert life.history
