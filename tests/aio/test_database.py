"""A database for asyncio means what a `Database` does: transactions, errors, poolers, forks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from pandadb import aio
from pandadb.aio import AsyncDatabase
from pandadb.config import Settings
from pandadb.core.jobs.refusals import JobsLocked
from pandadb.database import Database, DatabaseUnreachable
from pandadb.database.forks import ForkedConnection
from pandadb.database.pooler import PoolerInTheWay
from pandadb.models import Cache
from pandadb.services import jobs
from pandadb.services.jobs import DispatchRequest, Filter, NewJob, VerbOptions
from tests.aio.blocked import END_OTHERS, locked, waiting
from tests.database.test_forks import in_child
from tests.poolers import pooler

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

pytestmark = pytest.mark.any_server

WRONG: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("release", (1,), {}),
    ("advance", ("fly", 1), {}),
    ("activate", (1,), {"computingsite": 5}),
    ("get", (2,), {}),
    ("kill", (1,), {"by": "ann", "code": 1234}),
    ("count_where", (Filter(),), {}),
    ("submit", ([NewJob({"no": 1})],), {}),
]
"""Calls that fail where there is one job, which is defined: its PandaID is 1."""


def cached(database: Database) -> list[str]:
    with database.session() as session:
        return [*session.scalars(select(Cache.main_key).order_by(Cache.main_key))]


def test_a_session_is_one_transaction(database: Database, awaited: AsyncDatabase) -> None:
    async def add(name: str, error: Exception | None = None) -> None:
        async with awaited.session() as session:
            session.add(Cache(main_key=name, sub_key=""))
            await session.flush()
            if error:
                raise error

    asyncio.run(add("kept"))
    with pytest.raises(ZeroDivisionError):
        asyncio.run(add("undone", ZeroDivisionError()))
    assert cached(database) == ["kept"]


@pytest.mark.parametrize(("at_once", "left"), [(False, ["whole"]), (True, ["part", "whole"])])
def test_a_transaction_is_one_and_each_statement_at_once_is_one(
    database: Database, awaited: AsyncDatabase, at_once: bool, left: list[str]
) -> None:
    async def add(name: str, then: str) -> None:
        async with awaited.transaction(at_once=at_once) as connection:
            await connection.execute(insert(Cache).values(main_key=name, sub_key=""))
            await connection.execute(text(then))

    asyncio.run(add("whole", "SELECT 1"))
    with pytest.raises(ProgrammingError):
        asyncio.run(add("part", "SELECT nothing"))
    assert cached(database) == left


def test_rows_can_be_streamed(awaited: AsyncDatabase) -> None:
    async def work() -> list[int]:
        async with awaited.session() as session:
            rows = await session.stream_scalars(text("SELECT generate_series(1, 5)"))
            return [row async for row in rows]

    assert asyncio.run(work()) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("verb", "words", "named"), WRONG)
def test_errors_are_the_same(
    database: Database,
    awaited: AsyncDatabase,
    verb: str,
    words: tuple[Any, ...],
    named: dict[str, Any],
) -> None:
    assert jobs.submit(database, [NewJob({"computingsite": "CERN"})]) == [1]
    with pytest.raises(Exception) as expected:  # noqa: PT011 - whatever it is
        getattr(jobs, verb)(database, *words, **named)
    with pytest.raises(type(expected.value)) as raised:
        asyncio.run(getattr(aio.jobs, verb)(awaited, *words, **named))
    assert type(raised.value) is type(expected.value)
    assert str(raised.value) == str(expected.value)


def test_a_lock_that_is_not_free_in_time_is_the_same_error(
    database: Database, awaited: AsyncDatabase
) -> None:
    (job,) = jobs.submit(database, [NewJob({"computingsite": "CERN"})])
    jobs.activate(database, job)
    options = VerbOptions(patience=0.05)
    with locked(database, job), pytest.raises(JobsLocked):
        asyncio.run(aio.jobs.throttle(awaited, job, options))


def test_a_lost_connection_is_the_same_error_and_is_replaced(
    database: Database, single: AsyncDatabase
) -> None:
    (job,) = jobs.submit(database, [NewJob({"computingsite": "CERN"})])
    jobs.activate(database, job)

    async def work() -> None:
        task = asyncio.create_task(aio.jobs.throttle(single, job))
        await waiting(database)
        with database.transaction() as connection:
            assert connection.scalar(END_OTHERS) == 1
        with pytest.raises(OperationalError) as raised:
            await task
        assert raised.value.connection_invalidated
        await single.ping()

    with locked(database, job):
        asyncio.run(work())


def test_a_lost_connection_is_tried_again(database: Database, single: AsyncDatabase) -> None:
    attempts = []

    def work(session: Session) -> str:
        attempts.append(session.scalar(text("SELECT pg_backend_pid()")))
        session.add(Cache(main_key=f"attempt {len(attempts)}", sub_key=""))
        session.flush()
        if len(attempts) == 1:
            with database.transaction() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": attempts[0]})
            session.execute(text("SELECT 1"))
        return "done"

    assert asyncio.run(single.retrying(work, pause=0.01)) == "done"
    assert cached(database) == ["attempt 2"]


def test_a_server_that_does_not_answer_is_a_sentence() -> None:
    nowhere = AsyncDatabase("postgresql://postgres@localhost:1/none")
    with pytest.raises(DatabaseUnreachable, match="localhost:1 cannot be used"):
        asyncio.run(nowhere.ping())


def test_it_is_made_with_the_same_arguments_and_settings(database_url: str) -> None:
    async def work() -> list[str | None]:
        async with (
            AsyncDatabase(
                database_url, application_name="loop", statement_timeout=2, lock_timeout=0.5
            ) as opened,
            opened.session() as session,
        ):
            names = ("application_name", "statement_timeout", "lock_timeout", "TimeZone")
            return [await session.scalar(text(f"SHOW {name}")) for name in names]

    assert asyncio.run(work()) == ["loop", "2s", "500ms", "UTC"]
    given = AsyncDatabase.from_settings(Settings(url=database_url, pool_size=3))
    assert given.sync.engine.pool.size() == 3
    assert given.libpq_url() == Database(database_url).libpq_url()
    assert given.direct("a lock") is given


@pytest.mark.parametrize("level", ["AUTOCOMMIT", "SERIALIZABLE"])
def test_isolation_levels_are_refused_alike(database_url: str, level: str) -> None:
    with pytest.raises(ValueError, match="isolation_level"):
        AsyncDatabase(database_url, isolation_level=level)


def test_lives_go_through_a_pooler(database_url: str) -> None:
    async def life(database: AsyncDatabase) -> int:
        (job,) = await aio.jobs.submit(database, [NewJob({"computingsite": "CERN"})])
        await aio.jobs.activate(database, job)
        ended = 0
        while taken := await aio.jobs.dispatch(database, DispatchRequest("CERN")):
            ended += len((await aio.jobs.fail(database, [taken[0].pandaid])).jobs)
        return ended

    async def work(url: str) -> int:
        async with AsyncDatabase(url, pooler="transaction", pool_size=8) as pooled:
            with pytest.raises(PoolerInTheWay):
                pooled.direct("a lock")
            return sum(await asyncio.gather(*[life(pooled) for _ in range(20)]))

    with pooler(database_url) as url:
        assert asyncio.run(work(url)) == 20


def test_a_child_process_connects_anew(awaited: AsyncDatabase) -> None:
    pid = text("SELECT pg_backend_pid()")

    async def own() -> int | None:
        async with awaited.session() as session:
            return await session.scalar(pid)

    async def of_parent(connection: Any) -> Any:
        return await connection.execute(pid)

    async def opened() -> Any:
        connection = await awaited.engine.connect().start()
        await connection.execute(pid)
        return connection

    ours, connection = asyncio.run(own()), asyncio.run(opened())
    assert in_child(lambda: asyncio.run(own())) not in {ours, None}
    told = in_child(lambda: asyncio.run(of_parent(connection)))
    assert ForkedConnection.__name__ in str(told)
    asyncio.run(connection.close())
    assert asyncio.run(own()) is not None
