"""A process that forks: its connections are its own, and a child gets others."""

from __future__ import annotations

import json
import multiprocessing
import os
import select
import signal
import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy import select as sql_select

from pandadb.core.jobs.dispatch.dispatches import DispatchRequest
from pandadb.core.sql.prepared import send
from pandadb.core.sql.psycopg_connection import driver_of
from pandadb.database import Database
from pandadb.database.forks import ForkedConnection
from pandadb.models import Cache
from pandadb.services import jobs, revisions, schema
from tests.factories import make_job, make_satellites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")

PID = text("SELECT pg_backend_pid()")
SECONDS = 30
"""After which a child that hangs is killed."""


class Child:
    """A forked process, and what a function returned there."""

    def __init__(self, work: Callable[[], Any]) -> None:
        reader, writer = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # it is what is tested
            self.pid = os.fork()
        if self.pid == 0:
            os.close(reader)
            _tell(writer, work)
        os.close(writer)
        self.reader = reader

    def result(self) -> Any:
        """Wait for the child and return what it has told, or raise what it says of an error."""
        ready, _, _ = select.select([self.reader], [], [], SECONDS)
        if not ready:
            os.kill(self.pid, signal.SIGKILL)
        with os.fdopen(self.reader) as file:
            told = file.read()
        os.waitpid(self.pid, 0)
        assert ready, "the child hangs"
        return json.loads(told)


def _tell(writer: int, work: Callable[[], Any]) -> None:
    """Write what a function returns, and end without anything else of pytest."""
    try:
        told = work()
    except BaseException as error:  # noqa: BLE001 - all of it is for the parent
        told = f"{type(error).__name__}: {error}"
    with os.fdopen(writer, "w") as file:
        file.write(json.dumps(told))
    os._exit(0)


def in_child(work: Callable[[], Any]) -> Any:
    return Child(work).result()


def pid_of(database: Database) -> int:
    with database.session() as session:
        return int(session.scalar(PID) or 0)


def keep(database: Database, name: str) -> None:
    with database.session() as session:
        session.add(Cache(main_key=name, sub_key=""))


def names(database: Database) -> list[str]:
    with database.session() as session:
        return [*session.scalars(sql_select(Cache.main_key).order_by(Cache.main_key))]


@pytest.mark.slow
def test_children_of_a_used_database_get_the_jobs_of_their_own_site(database: Database) -> None:
    sites = ("CERN", "DESY", "BNL")
    with database.session() as session:
        for site in sites:
            for _ in range(40):
                make_satellites(session, make_job(session, "activated", computingsite=site))
    pid_of(database)

    def take(site: str) -> list[tuple[int, str]]:
        taken = []
        for _ in range(20):
            found = jobs.dispatch(database, DispatchRequest(site, 2, columns=["computingsite"]))
            taken += [(one.pandaid, one.job["computingsite"]) for one in found]
        return taken

    children = [Child(lambda site=site: take(site)) for site in sites[:2]]  # type: ignore[misc]
    taken = [take(sites[2]), *(child.result() for child in children)]

    assert [{site for _, site in one} for one in taken] == [{"BNL"}, {"CERN"}, {"DESY"}]
    assert [len({pandaid for pandaid, _ in one}) for one in taken] == [40, 40, 40]


def test_a_child_and_its_child_have_connections_of_their_own(database: Database) -> None:
    ours = pid_of(database)

    def work() -> list[int]:
        own = pid_of(database)
        return [own, pid_of(database), in_child(lambda: pid_of(database)), pid_of(database)]

    child, again, grandchild, at_last = in_child(work)

    assert len({ours, child, grandchild}) == 3
    assert child == again == at_last
    assert pid_of(database) == ours


def test_a_child_that_closes_the_database_leaves_the_parents_connections(
    database: Database,
) -> None:
    ours = pid_of(database)

    with database.session() as session:
        session.execute(PID)
        in_child(database.close)
        session.add(Cache(main_key="kept", sub_key=""))

    assert pid_of(database) == ours
    assert names(database) == ["kept"]


def of_session(session: Session) -> None:
    session.execute(PID)


def of_writes(session: Session) -> None:
    session.add(Cache(main_key="lost", sub_key=""))
    session.flush()


def of_commit(session: Session) -> None:
    session.commit()


def of_verb(session: Session) -> None:
    send(session, sql_select(Cache.main_key), {})


def of_driver(session: Session) -> None:
    driver_of(session.connection()).execute("SELECT 1")


def of_copy(session: Session) -> None:
    with driver_of(session.connection()).cursor() as cursor, cursor.copy("COPY public.x TO STDOUT"):
        pass


@pytest.mark.parametrize("use", [of_session, of_writes, of_commit, of_verb, of_driver, of_copy])
def test_a_session_that_was_open_at_the_fork_is_the_parents(
    database: Database, use: Callable[[Session], None]
) -> None:
    with database.session() as session:
        session.add(Cache(main_key="kept", sub_key=""))
        session.flush()
        told = in_child(lambda: use(session))

    assert told == (
        f"ForkedConnection: This connection belongs to process {os.getpid()}, from which this one "
        f"({told.partition('(')[2].partition(')')[0]}) was forked while it was open: open a new "
        "session or transaction here"
    )
    assert names(database) == ["kept"]


@contextmanager
def transaction(database: Database) -> Iterator[Connection]:
    with database.transaction() as connection:
        yield connection


@contextmanager
def at_once(database: Database) -> Iterator[Connection]:
    with database.transaction(at_once=True) as connection:
        yield connection


@contextmanager
def bare(database: Database) -> Iterator[Connection]:
    with database.engine.connect() as connection, connection.begin():
        yield connection


@pytest.mark.parametrize("opened", [transaction, at_once, bare])
def test_a_child_that_leaves_a_transaction_of_the_parent_ends_nothing(
    database: Database, opened: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    def leave() -> list[str]:
        return [*use(), *names(database)]

    def use() -> Iterator[str]:
        try:
            with opened(database) as connection:
                connection.execute(insert(Cache), {"main_key": "kept", "sub_key": ""})
                child = os.fork()
                if child:
                    os.waitpid(child, 0)
                else:
                    connection.execute(PID)
        except ForkedConnection:
            keep(database, "child's")
            os._exit(0)
        return
        yield

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert leave() == (["child's", "kept"])
    assert capfd.readouterr().err == ""


def test_a_fork_while_threads_work_hinders_nobody(database: Database) -> None:
    ours = pid_of(database)
    began, go = threading.Barrier(4), threading.Event()
    answers: list[int] = []

    def work(number: int) -> None:
        with database.session() as session:
            session.execute(PID)
            driver = driver_of(session.connection())
            with driver.lock:  # a fork may come while a thread has it
                began.wait(SECONDS)
                go.wait(SECONDS)
            answers.append(session.scalar(text(f"SELECT {number} FROM pg_sleep(0)")) or 0)

    threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2, 3)]
    for thread in threads:
        thread.start()
    began.wait(SECONDS)
    child = Child(lambda: [pid_of(database) for _ in range(3)])
    told = child.result()
    go.set()
    for thread in threads:
        thread.join(SECONDS)

    assert len({ours, *told}) == 2
    assert sorted(answers) == [1, 2, 3]


def test_a_fork_while_a_thread_connects_for_the_first_time_leaves_a_child_that_can(
    database_url: str,
) -> None:
    connecting, go = threading.Event(), threading.Event()
    parent = os.getpid()
    with Database(database_url) as database:
        usual = database.engine.dialect.initialize

        def initialize(connection: Connection) -> None:
            if os.getpid() == parent:
                connecting.set()
                go.wait(SECONDS)
            usual(connection)

        database.engine.dialect.initialize = initialize  # type: ignore[method-assign]
        thread = threading.Thread(target=database.ping)
        thread.start()
        connecting.wait(SECONDS)
        told = in_child(
            lambda: [names(database), bool(database.engine.dialect.default_schema_name)]
        )
        go.set()
        thread.join(SECONDS)

    assert told == [[], True]


@pytest.mark.slow
def test_a_fork_while_a_thread_migrates_leaves_a_child_that_can(database: Database) -> None:
    with revisions.ONE_AT_A_TIME:
        assert in_child(lambda: schema.check(database)) == []


def _pids(database: Database, queue: Any) -> None:
    queue.put([pid_of(database) for _ in range(5)])


def test_processes_of_multiprocessing_have_connections_of_their_own(database: Database) -> None:
    ours = pid_of(database)
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    processes = [context.Process(target=_pids, args=(database, queue)) for _ in range(3)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for process in processes:
            process.start()
    told = [queue.get() for _ in processes]
    for process in processes:
        process.join(SECONDS)

    assert [len({*one}) for one in told] == [1, 1, 1]
    assert len({ours, *(pid for one in told for pid in one)}) == 4
    assert pid_of(database) == ours


def test_a_child_keeps_no_socket_of_a_parent_that_dies(database: Database) -> None:
    """What the parent had locked is free, although its child lives on."""
    reader, writer = os.pipe()
    go, stop = os.pipe()

    def parent() -> None:
        with database.session() as session:
            session.execute(text("LOCK TABLE doma_panda.cache"))
            pid = session.scalar(PID)
            if os.fork() == 0:
                os.write(writer, f"{pid}\n".encode())
                os.read(go, 1)  # lives on
                os._exit(0)
            os.read(reader, 0)
            os.kill(os.getpid(), signal.SIGKILL)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        parent()
    os.waitpid(child, 0)
    pid = int(os.read(reader, 100))
    try:
        with database.session() as session:
            session.execute(text("SET LOCAL lock_timeout = '20s'"))
            session.execute(text("LOCK TABLE doma_panda.cache"))
            gone = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
            assert session.scalar(gone, {"pid": pid}) == 0
    finally:
        os.write(stop, b".")
        for end in (reader, writer, go, stop):
            os.close(end)
