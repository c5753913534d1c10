"""Processes that take tasks from JSON to `done`, killed at random points: others go on.

How often is said by `--kills`.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import time
import traceback
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from pandadb.core.jobs.refusals import JobsLocked
from pandadb.core.tasks.row_locks import TasksLocked
from pandadb.database import Database
from pandadb.demo.task_life import prepare_site
from pandadb.models import FilesTable4, JediDatasetContents, JediTasks, JobsArchived4, TTask
from pandadb.services import datasets, jobs
from tests.properties import task_invariants, task_steps
from tests.properties.test_crashes import how_many_work, wait_until

if TYPE_CHECKING:
    from ctypes import c_long
    from multiprocessing.process import BaseProcess
    from pathlib import Path

pytestmark = pytest.mark.any_server

PROCESSES = 2
FILES = 60
AT_ONCE = 8
"""Jobs that a process starts or ends in one step, so that a task takes many steps."""
FAILING = 0.15
FORK = multiprocessing.get_context("fork")


class Life:
    """The life of a task, in steps of one transaction each; any process can take the next one."""

    def __init__(self, database: Database, chance: random.Random) -> None:
        self.database, self.chance = database, chance

    def take_on(self) -> None:
        """Take the next steps of a task; submit one if there is none that has not ended."""
        found = task_steps.unfinished(self.database)
        if not found:
            name = f"crash.{self.chance.randrange(10**9)}"
            task_steps.submit(self.database, name, maxAttempt=100, maxFailure=100)
            return
        for step in (self.feed, self.generate, self.begin, self.run, self.end):
            step(found[0])
        task_steps.advance(self.database)

    def feed(self, task: int) -> None:
        with self.database.session() as session:
            row = session.get_one(JediTasks, task)
            name, status = row.taskname, row.status
        if status == "defined":
            datasets.feed(self.database, [task], task_steps.catalogue_of(str(name), FILES))

    def generate(self, task: int) -> None:
        task_steps.generate(self.database, task)

    def begin(self, task: int) -> None:
        for state, verb in (("pending", jobs.reset), ("defined", jobs.activate)):
            verb(self.database, self.some(task, state))

    def run(self, task: int) -> None:
        task_steps.run(self.database, task, self.chance.randint(1, AT_ONCE))

    def end(self, task: int) -> None:
        at_work = self.some(task, "running")
        bad = [job for job in at_work if self.chance.random() < FAILING]
        task_steps.finish(self.database, [job for job in at_work if job not in bad])
        jobs.fail(self.database, bad)

    def some(self, task: int, state: str) -> list[int]:
        found = task_steps.live(self.database, task, state)
        return self.chance.sample(found, min(len(found), AT_ONCE))


def live(url: str, seed: int, steps: c_long, odd: Path) -> None:
    """Take tasks on until somebody kills us; count our steps, and write down what is odd."""
    parent = os.getppid()
    with Database(url) as database:
        life = Life(database, random.Random(seed))
        while os.getppid() == parent:
            try:
                with suppress(TasksLocked, JobsLocked):
                    life.take_on()
            except Exception:  # noqa: BLE001 - whatever it is, the test shows it
                (odd / f"{seed}.txt").write_text(traceback.format_exc())
            steps.value += 1


def start(url: str, seed: int, steps: c_long, odd: Path) -> BaseProcess:
    process = FORK.Process(target=live, args=(url, seed, steps, odd), daemon=True)
    process.start()
    return process


def hold_and_are_done(database: Database) -> None:
    """See that all tasks are done, each file once, and that everything holds."""
    with database.session() as session:
        task_invariants.hold(session)
        states = Counter(session.scalars(select(JediTasks.status)))
        assert {*states} == {"done"}, states
        assert {*session.scalars(select(TTask.status))} == {"done"}
        file, contents = FilesTable4, JediDatasetContents
        same = [getattr(file, name) == getattr(contents, name) for name in task_invariants.KEY]
        finished = (
            select(contents.jeditaskid, contents.lfn, func.count(JobsArchived4.pandaid))
            .outerjoin(file, same[0] & same[1] & same[2])
            .outerjoin(
                JobsArchived4,
                (JobsArchived4.pandaid == file.pandaid) & (JobsArchived4.jobstatus == "finished"),
            )
            .where(contents.type == "input")
            .group_by(contents.jeditaskid, contents.lfn)
        )
        rows = session.execute(finished).all()
        assert [row for row in rows if row[2] != 1] == []  # each file by one job that finished
        assert len(rows) == FILES * states["done"]


@pytest.mark.slow
def test_kills_between_submission_and_done_lose_and_double_no_file(
    database: Database, database_url: str, pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    prepare_site(database)
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    print("seed", seed)  # noqa: T201 - shown when it fails
    steps = FORK.RawValue("l")
    processes = [start(database_url, seed + n, steps, tmp_path) for n in range(PROCESSES)]
    for number in range(pytestconfig.getoption("--kills")):
        before = steps.value
        wait_until(lambda before=before: steps.value != before)  # another one goes on
        time.sleep(chance.uniform(0, 0.2))
        place = chance.randrange(PROCESSES)
        processes[place].kill()
        processes[place].join()
        processes[place] = start(database_url, seed + PROCESSES + number, steps, tmp_path)
    for process in processes:
        process.kill()
        process.join()
    database.engine.dispose()  # its own idle connections are no others
    wait_until(lambda: how_many_work(database) == 0)
    life = Life(database, chance)
    while task_steps.unfinished(database):
        life.take_on()
    assert [file.read_text() for file in tmp_path.iterdir()] == []
    hold_and_are_done(database)
