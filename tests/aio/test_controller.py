"""The job controller by coroutines."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from pandadb import aio
from pandadb.aio.controller import JobController
from pandadb.aio.queue import NewQueueJob
from pandadb.services import queue

if TYPE_CHECKING:
    from pandadb.aio import AsyncDatabase
    from pandadb.database import Database

pytestmark = pytest.mark.any_server


def test_jobs_are_paused_and_resumed_by_coroutines(
    database: Database, awaited: AsyncDatabase
) -> None:
    async def work() -> tuple[int, int]:
        controller = JobController(awaited, user="ann")
        made = await controller.submit([NewQueueJob("loop", name="one", handler="nothing")])
        await controller.pause(made.pandaids)
        assert await aio.queue.claim(awaited, "loop", owner="w") == []
        await controller.resume(made.pandaids)
        return made.pandaids[0], await controller.count()

    job, number = asyncio.run(work())
    assert number == 1
    assert [lease.pandaid for lease in queue.claim(database, "loop", owner="w")] == [job]
