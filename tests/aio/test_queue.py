"""Jobs of a queue by coroutines: claimed once, by whatever task, also where tasks are cancelled."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from pandadb import aio
from pandadb.aio.queue import LeaseLost, NewQueueJob, Success
from pandadb.models import JobLease, JobsActive4
from pandadb.services import queue
from tests.aio.test_cancellation import FEW, cancelled_after

if TYPE_CHECKING:
    from pandadb.aio import AsyncDatabase
    from pandadb.database import Database

pytestmark = [pytest.mark.any_server, pytest.mark.slow]

Q = "loop"


def new_jobs(number: int) -> list[NewQueueJob]:
    return [NewQueueJob(Q, name=f"job {one}", handler="nothing") for one in range(number)]


def test_tasks_claim_each_job_once_and_children_follow(
    database: Database, awaited: AsyncDatabase
) -> None:
    async def work(name: str) -> list[int]:
        done: list[int] = []
        while leases := await aio.queue.claim(awaited, Q, 2, owner=name):
            await aio.queue.start(awaited, leases)
            done += (await aio.queue.finish(awaited, [Success(one) for one in leases])).jobs
        return done

    async def flow() -> tuple[list[int], list[int]]:
        parents = new_jobs(20)
        child = NewQueueJob(Q, name="child", handler="nothing", parents=["job 0", "job 19"])
        made = await aio.queue.submit(awaited, [*parents, child])
        ended = await asyncio.gather(*[work(f"task {number}") for number in range(8)])
        return made.pandaids, [*(job for of_task in ended for job in of_task), *await work("last")]

    made, ended = asyncio.run(flow())
    assert sorted(ended) == sorted(made)
    assert ended.index(made[-1]) > ended.index(made[0])


def test_a_lost_lease_is_the_same_error(database: Database, awaited: AsyncDatabase) -> None:
    queue.submit(database, new_jobs(1))
    (lease,) = queue.claim(database, Q, owner="w")
    queue.finish(database, lease)
    with pytest.raises(LeaseLost):
        asyncio.run(aio.queue.finish(awaited, lease))


@pytest.mark.parametrize("ticks", FEW)
def test_a_cancelled_claim_leaves_jobs_with_leases_or_neither(
    database: Database, single: AsyncDatabase, ticks: int
) -> None:
    queue.submit(database, new_jobs(50))

    async def work() -> None:
        await single.ping()
        claim = aio.queue.claim(single, Q, 50, owner="w")
        await cancelled_after(ticks, asyncio.create_task(claim))

    asyncio.run(work())
    with database.session() as session:
        leases = session.scalar(select(func.count()).select_from(JobLease))
        sent = select(func.count()).where(JobsActive4.jobstatus == "sent")
        assert session.scalar(sent) == leases
        assert leases in {0, 50}
