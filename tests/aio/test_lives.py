"""Lives of jobs by coroutines leave the rows that the same lives leave without asyncio."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from pandadb import aio
from pandadb.aio import AsyncDatabase
from pandadb.models import (
    FilesTable4,
    JobParamsTable,
    JobsActive4,
    JobsArchived4,
    JobsDefined4,
    JobsStatusLog,
    MetaTable,
)
from pandadb.services import jobs
from pandadb.services.jobs import DispatchRequest, Filter, Heartbeat, NewJob, VerbOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.database import Database
    from pandadb.models import Base

pytestmark = [pytest.mark.any_server, pytest.mark.slow]

TABLES: tuple[type[Base], ...] = (
    JobsDefined4, JobsActive4, JobsArchived4, FilesTable4, JobParamsTable, MetaTable, JobsStatusLog,
)  # fmt: skip
FILES = [{"type": "output", "lfn": "a.root"}, {"type": "log", "lfn": "a.log"}]
JOB = {"computingsite": "CERN", "prodsourcelabel": "user"}
Step = tuple[str, tuple[Any, ...], dict[str, Any]]


def steps(first: int) -> Iterator[Step]:
    """Yield calls of verbs; `first` is the PandaID of the first of twelve jobs."""
    ids = range(first, first + 12)
    node = VerbOptions(host="node")
    yield "activate", ([*ids[:10]], node), {}
    yield "throttle", (ids[9],), {}
    yield "dispatch", (DispatchRequest("CERN", njobs=4),), {"options": node, "batchid": "b.1"}
    yield "heartbeat", ([Heartbeat(ids[0], "running"), Heartbeat(ids[1], "starting")],), {}
    yield "hold", ([*ids[:3]],), {}
    yield "finish", (ids[0],), {"files": {"a.root": {"fsize": 7}, "log": {"status": "ready"}}}
    yield "transfer", (ids[1],), {}
    yield "fail", ([ids[1], ids[2], ids[0]],), {"piloterrorcode": 1201}
    yield "kill", ([ids[3], ids[4], ids[10]],), {"by": "ann", "code": 9}
    yield "cancel", ([ids[3]],), {}
    yield "advance_where", ("throttle", Filter(jobstatus="activated")), {"batch_size": 2}
    yield "kill_where", (Filter(jobstatus="throttled"),), {"by": "ann", "options": node}
    yield "submit", ([NewJob(JOB)],), {"options": VerbOptions(dry_run=True)}
    yield "retry", (ids[2],), {}
    yield "expire", (), {"limit": 5}


def new_jobs() -> list[NewJob]:
    return [NewJob(JOB, FILES, f"-n {number}", "{}") for number in range(12)]


def rows(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Return all rows without times and GUIDs, which differ from call to call."""
    found = {}
    with database.session() as session:
        for model in TABLES:
            table = model.__table__
            listed = session.execute(select(table)).mappings()
            kept = [{**row, "guid": row.get("guid") and "a GUID"} for row in listed]
            kept = [{k: v for k, v in row.items() if not isinstance(v, datetime)} for row in kept]
            found[model.__tablename__] = sorted(kept, key=repr)
    return found


def lived(database: Database) -> list[Any]:
    first, *_ = jobs.submit(database, new_jobs(), options=VerbOptions(host="node"))
    done = [getattr(jobs, verb)(database, *words, **named) for verb, words, named in steps(first)]
    return [first, *done, jobs.count(database), [*jobs.iterate(database, page_size=5)]]


async def lived_awaiting(database: AsyncDatabase) -> list[Any]:
    first, *_ = await aio.jobs.submit(database, new_jobs(), options=VerbOptions(host="node"))
    done = [
        await getattr(aio.jobs, verb)(database, *words, **named)
        for verb, words, named in steps(first)
    ]
    found = [job async for job in aio.jobs.iterate(database, page_size=5)]
    return [first, *done, await aio.jobs.count(database), found]


def answer(result: Any) -> tuple[Any, ...]:
    """Return what has no times of a result: the jobs that moved, and the others."""
    return type(result), getattr(result, "jobs", None), getattr(result, "refused", None)


def test_lives_by_both_leave_the_same_rows(
    database: Database, there: Database, awaited: AsyncDatabase
) -> None:
    done = asyncio.run(lived_awaiting(awaited))
    expected = lived(there)

    found = rows(database)
    assert found == rows(there)
    assert {job["jobstatus"] for job in found["jobsarchived4"]} >= {"finished", "failed"}
    assert [answer(one) for one in done] == [answer(one) for one in expected]
    assert [job["pandaid"] for job in done[-1]] == [job["pandaid"] for job in expected[-1]]


def test_many_jobs_go_in_by_copy_and_come_back_page_by_page(awaited: AsyncDatabase) -> None:
    async def work() -> tuple[list[int], list[Any]]:
        new = [NewJob(JOB, FILES, "ü\t\\N\n") for _ in range(3000)]
        made = await aio.jobs.submit(awaited, new)
        found = [
            job["pandaid"]
            async for job in aio.jobs.iterate(awaited, columns=["pandaid"], page_size=700)
        ]
        job = await aio.jobs.get(awaited, made[-1])
        return made, [found, job["jobparameters"]]

    made, (found, parameters) = asyncio.run(work())
    assert found == made
    assert parameters == "ü\t\\N\n"


def test_another_database_of_asyncio_is_the_archive(
    awaited: AsyncDatabase, there: Database
) -> None:
    async def work() -> Any:
        url = there.engine.url.render_as_string(hide_password=False)
        async with AsyncDatabase(url) as archive:
            return await aio.jobs.history(awaited, job, archive=archive)

    (job,) = asyncio.run(aio.jobs.submit(awaited, [NewJob(JOB)]))
    assert [step.jobstatus for step in asyncio.run(work()).attempts] == ["defined"]


@pytest.mark.any_server
def test_an_iteration_that_is_left_gives_its_connection_back(single: AsyncDatabase) -> None:
    async def work() -> int:
        await aio.jobs.submit(single, [NewJob(JOB)] * 5)
        async for _ in aio.jobs.iterate(single, page_size=2):
            break
        found = aio.jobs.iterate(single, page_size=2)
        await anext(found)
        await found.aclose()
        return await aio.jobs.count_where(single, Filter(jobstatus="defined"))

    assert asyncio.run(work()) == 5
