"""Generators, pilots, a killer and a retrier on one task at once: nothing taken twice or lost."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from pandadb.core.jobs.refusals import JobsLocked
from pandadb.core.tasks.row_locks import TasksLocked
from pandadb.demo.task_life import prepare_site
from pandadb.models import JobsArchived4
from pandadb.services import datasets, jobs
from tests.properties import task_invariants, task_steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandadb.database import Database

pytestmark = pytest.mark.any_server

FILES = 600
SECONDS, THOROUGH_SECONDS = 8, 45


class Agents:
    """Those who work on a task at the same time."""

    def __init__(self, database: Database, task: int) -> None:
        self.database, self.task = database, task
        self.retried: list[int] = []

    def generator(self, _chance: random.Random) -> None:
        task_steps.generate(self.database, self.task)

    def pilot(self, chance: random.Random) -> None:
        """Start jobs, run some, end most of them well."""
        waiting = task_steps.live(self.database, self.task, "pending", "defined")
        task_steps.start(self.database, waiting)
        task_steps.run(self.database, self.task, 10)
        at_work = task_steps.live(self.database, self.task, "running")
        chance.shuffle(at_work)
        number = len(at_work) * 3 // 4
        task_steps.finish(self.database, at_work[:number])
        jobs.fail(self.database, at_work[number : number + 3])
        task_steps.advance(self.database)

    def killer(self, chance: random.Random) -> None:
        """Kill jobs, and now and then have the task finish or wait."""
        what = chance.random()
        if what < 0.1:
            task_steps.command(self.database, self.task, "finish")
        elif what < 0.3:
            task_steps.command(self.database, self.task, chance.choice(("pause", "resume")))
        else:
            found = task_steps.live(self.database, self.task)
            killed = chance.sample(found, min(len(found), 5))
            jobs.kill(self.database, killed, by="test", hard=chance.random() < 0.7)
        task_steps.advance(self.database)

    def retrier(self, chance: random.Random) -> None:
        """Try the task again, or jobs of it."""
        if chance.random() < 0.5:
            task_steps.command(self.database, self.task, "retry")
            task_steps.command(self.database, self.task, "resume")
        else:
            found = task_steps.ended(self.database, self.task)
            again = chance.sample(found, min(len(found), 5))
            self.retried += jobs.retry(self.database, again).jobs.values()


@pytest.mark.slow
def test_two_generators_a_killer_and_a_retrier_neither_lose_nor_double_a_file(
    database: Database, pytestconfig: pytest.Config
) -> None:
    prepare_site(database)
    task = task_steps.submit(database, "together", nFilesPerJob=1, maxAttempt=50, maxFailure=50)
    datasets.feed(database, task, task_steps.catalogue_of("together", FILES))
    agents = Agents(database, task)
    roles = [agents.generator, agents.generator, agents.pilot, agents.pilot, agents.killer]
    thorough = pytestconfig.getoption("--thorough")
    end = time.monotonic() + (THOROUGH_SECONDS if thorough else SECONDS)

    def work(role: Callable[[random.Random], None], seed: int) -> None:
        chance = random.Random(seed)
        while time.monotonic() < end:
            with suppress(TasksLocked, JobsLocked):  # a clean refusal; nothing was changed
                role(chance)

    with ThreadPoolExecutor(8) as pool:
        working = [pool.submit(work, role, n) for n, role in enumerate([*roles, agents.retrier])]
        for one in working:
            one.result()  # a deadlock would be an error
    with database.session() as session:
        task_invariants.hold(session, retried=agents.retried)
        ended = select(func.count()).select_from(JobsArchived4)
        assert (session.scalar(ended) or 0) > 50
