"""Eight who do everything at once, on the same jobs: no deadlock, and nothing lost or doubled."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from pandadb.models import JobsStatusLog
from pandadb.services import jobs
from tests.factories import make_task
from tests.properties import invariants
from tests.properties.steps import STEPS, TASK

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server

ROUNDS = 40


def expire(database: Database, chance: random.Random) -> None:
    jobs.expire(database, rules=["activated", "sent"])


@pytest.mark.slow
def test_eight_at_once_neither_block_each_other_nor_lose_a_job(database: Database) -> None:
    with database.session() as session:
        make_task(session, TASK, files=1500, maxattempt=3)

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(ROUNDS):
            chance.choice((*STEPS, expire))(database, chance)

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, seed) for seed in range(8)]:
            done.result()  # a deadlock would be an error

    with database.session() as session:
        known = {*session.scalars(select(JobsStatusLog.pandaid))}
        invariants.hold(session, known)
        assert len(known) > 50
