"""A task that is cancelled leaves its work whole or undone, and its connection as good as new."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, text

from pandadb import aio
from pandadb.models import FilesTable4, JobsActive4, JobsArchived4, JobsDefined4
from pandadb.services import jobs
from pandadb.services.jobs import DispatchRequest, Filter, Heartbeat, NewJob, VerbOptions
from tests.aio.blocked import busy, locked, waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandadb.aio import AsyncDatabase
    from pandadb.database import Database

pytestmark = [pytest.mark.any_server, pytest.mark.slow]

JOB = NewJob({"computingsite": "CERN"}, [{"type": "output", "lfn": "a"}, {"type": "log"}])
TICKS = [0, *(round(1.5**power) for power in range(1, 18)), 10**6]
"""Rounds of the event loop after which a task is cancelled: before it begins, until it is done."""
FEW = TICKS[::3]
ALL_TICKS = pytest.param(TICKS, marks=pytest.mark.slow)


def activated(database: Database, number: int = 1) -> list[int]:
    made = jobs.submit(database, [JOB] * number)
    jobs.activate(database, made)
    return made


def running(database: Database, number: int = 1) -> list[int]:
    made = activated(database, number)
    jobs.dispatch(database, DispatchRequest("CERN", njobs=number))
    jobs.heartbeat(database, [Heartbeat(job, "running") for job in made])
    return made


def number_of(database: Database, **chosen: Any) -> int:
    return sum(int(row["jobs"]) for row in jobs.count(database, Filter(**chosen)))


def states(database: Database) -> dict[int, tuple[str, str]]:
    """Return the state of each job and those of its files."""
    with database.session() as session:
        found = dict(session.execute(select(JobsArchived4.pandaid, JobsArchived4.jobstatus)).all())
        for table in (JobsDefined4, JobsActive4):
            found |= dict(session.execute(select(table.pandaid, table.jobstatus)).all())
        each = func.string_agg(FilesTable4.status, " ")
        files = select(FilesTable4.pandaid, each).group_by(FilesTable4.pandaid)
        return {job: (found[job], of_files) for job, of_files in session.execute(files)}


def test_a_verb_that_waits_for_a_lock_is_cancelled_at_once(
    database: Database, single: AsyncDatabase
) -> None:
    (job,) = running(database)

    async def work() -> None:
        task = asyncio.create_task(aio.jobs.finish(single, job))
        await waiting(database)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(asyncio.shield(task), 2)
        assert busy(database) == 1  # the session with the lock

    with locked(database, job):
        asyncio.run(work())
    assert jobs.get(database, job)["jobstatus"] == "running"
    assert asyncio.run(aio.jobs.finish(single, job)).jobs == {job: "finished"}


def test_a_timeout_of_asyncio_ends_the_statement(database: Database, single: AsyncDatabase) -> None:
    async def half() -> None:
        async with asyncio.timeout(0.2), single.session() as session:
            await session.execute(text("CREATE TABLE public.half_done ()"))
            await session.execute(text("SELECT pg_sleep(30)"))

    async def found() -> str | None:
        async with single.session() as session:
            return await session.scalar(text("SELECT to_regclass('public.half_done')"))

    with pytest.raises(TimeoutError):
        asyncio.run(half())
    assert asyncio.run(found()) is None
    assert busy(database) == 0


def test_a_second_cancellation_closes_the_connection(
    database: Database, single: AsyncDatabase
) -> None:
    (job,) = running(database)

    async def work() -> None:
        task = asyncio.create_task(aio.jobs.finish(single, job))
        await waiting(database)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await single.ping()

    with locked(database, job):
        asyncio.run(work())
    assert jobs.get(database, job)["jobstatus"] == "running"


async def cancelled_after(ticks: int, task: asyncio.Task[Any]) -> bool:
    """Cancel a task after rounds of the event loop; return whether it was not done before."""
    for _ in range(ticks):
        await asyncio.sleep(0)
        if task.done():
            break
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return True
    return False


@pytest.mark.parametrize("ticks", [FEW, ALL_TICKS])
def test_a_job_has_ended_with_its_files_or_not_at_all(
    database: Database, single: AsyncDatabase, ticks: list[int]
) -> None:
    made = running(database, len(ticks))

    async def work() -> list[bool]:
        await single.ping()
        return [
            await cancelled_after(number, asyncio.create_task(aio.jobs.fail(single, job)))
            for number, job in zip(ticks, made, strict=True)
        ]

    cancelled = asyncio.run(work())
    found = states(database)
    assert {*found.values()} <= {("running", "unknown unknown"), ("failed", "failed failed")}
    assert cancelled[0]
    assert not cancelled[-1]
    assert found[made[0]] == ("running", "unknown unknown")
    for job, was_cancelled in zip(made, cancelled, strict=True):
        assert was_cancelled or found[job] == ("failed", "failed failed")
    assert busy(database) == 0


@pytest.mark.parametrize("ticks", [FEW, ALL_TICKS])
@pytest.mark.parametrize(
    "verb",
    [
        lambda database: aio.jobs.submit(database, [JOB] * 500),
        lambda database: aio.jobs.dispatch(database, DispatchRequest("CERN", njobs=500)),
    ],
    ids=["a COPY", "a statement that is a transaction"],
)
def test_all_of_a_call_is_done_or_nothing(
    database: Database, single: AsyncDatabase, ticks: list[int], verb: Callable[..., Any]
) -> None:
    activated(database, 500)

    async def work() -> None:
        for number in ticks:
            await cancelled_after(number, asyncio.create_task(verb(single)))
            assert number_of(database) % 500 == 0
            assert number_of(database, jobstatus="sent") in {0, 500}
            await single.ping()

    asyncio.run(work())
    assert busy(database) == 0


def test_a_task_that_waits_for_a_connection_is_cancelled_and_none_is_lost(
    single: AsyncDatabase,
) -> None:
    async def work() -> None:
        async with single.transaction():
            tasks = [asyncio.create_task(single.ping()) for _ in range(4)]
            await asyncio.sleep(0.01)
            tasks[0].cancel()
        tasks[1].cancel()  # it was given the connection in this very moment
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one) for one in done[:2]] == [asyncio.CancelledError] * 2
        assert done[2:] == [None, None]
        await asyncio.wait_for(single.ping(), 1)

    asyncio.run(work())


def test_a_loop_that_ends_undoes_the_work_of_its_tasks(
    database: Database, single: AsyncDatabase
) -> None:
    (job,) = running(database)

    async def work() -> None:
        asyncio.get_running_loop().create_task(
            aio.jobs.finish(single, job, VerbOptions(host="node")), name="left alone"
        )
        await waiting(database)

    with locked(database, job):
        asyncio.run(work())
    assert jobs.get(database, job)["jobstatus"] == "running"
    assert busy(database) == 0


@pytest.mark.slow
def test_a_storm_of_cancellations_leaves_each_job_whole_and_the_pool_full(
    database: Database, awaited: AsyncDatabase
) -> None:
    chance = Random(1)

    async def life() -> None:
        made = await aio.jobs.submit(awaited, [JOB] * 3)
        await aio.jobs.activate(awaited, made)
        taken = await aio.jobs.dispatch(awaited, DispatchRequest("CERN", njobs=3))
        await aio.jobs.fail(awaited, [job.pandaid for job in taken])

    async def storm() -> None:
        for _ in range(20):
            tasks = [asyncio.create_task(life()) for _ in range(20)]
            for task in chance.sample(tasks, 15):
                await asyncio.sleep(chance.random() * 0.02)
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        pool = awaited.sync.engine.pool
        assert pool.checkedout() == 0
        async with asyncio.timeout(5):
            await asyncio.gather(*[awaited.ping() for _ in range(20)])

    asyncio.run(storm())
    found = states(database)
    assert len(found) % 3 == 0
    assert {state for state, _ in found.values()} >= {"activated", "failed"}
    for state, files in found.values():
        assert files == ("failed failed" if state == "failed" else "unknown unknown")
    assert busy(database) == 0
