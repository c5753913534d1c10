"""Many readers while workers and a mover run, and a database that goes away and comes back."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import httpx
import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from pandadb.database import Database
from pandadb.services import jobs, queue
from pandadb.services.queue import NewQueueJob
from pandadb.web.application import create_app
from pandadb.web.options import WebOptions
from tests.databases import admin
from tests.web.browsers import SECRET, Browser
from tests.web.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.databases import Server

pytestmark = [pytest.mark.any_server, pytest.mark.slow]
READERS, WORKERS, ROUNDS = 50, 4, 2
PATHS = ("/", "/jobs", "/jobs?jobstatus=activated", "/workers", "/archive", "/api/v1/queues")
WAITS = """
SELECT count(*) FROM pg_stat_activity
 WHERE application_name = 'web' AND wait_event_type = 'Lock'
"""


@contextmanager
def repeated(work: Callable[[], None]) -> Iterator[Counter[str]]:
    """Repeat some work in a thread during the block; yield the number of its rounds."""
    done, end = Counter[str](), threading.Event()

    def run() -> None:
        while not end.is_set():
            work()
            done["rounds"] += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield done
    finally:
        end.set()
        thread.join()


def test_readers_wait_for_no_locks_and_hold_none(database: Database, database_url: str) -> None:
    def work() -> None:
        queue.submit(database, [NewQueueJob("q") for _ in range(20)], notify=False)
        queue.finish(database, queue.claim(database, "q", 20, owner="w"))

    def move() -> None:
        ids = jobs.submit(database, [jobs.NewJob({"computingsite": "S"}) for _ in range(20)])
        jobs.activate(database, ids)
        jobs.kill(database, ids, by="me", hard=True)

    waits, statuses = [], Counter[int]()
    with (
        Database(database_url, application_name="web", statement_timeout=10, pool_timeout=2) as own,
        serving(own, WebOptions(SECRET)) as (host, port),
        psycopg.connect(database_url, autocommit=True) as watcher,
        repeated(lambda: waits.append(watcher.execute(WAITS).fetchone()[0])),
        repeated(move) as moved,
        ExitStack() as stack,
    ):
        worked = [stack.enter_context(repeated(work)) for _ in range(WORKERS)]
        threads = [
            threading.Thread(target=read, args=(f"http://{host}:{port}", statuses))
            for _ in range(READERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {*statuses} <= {200, 503}
    assert statuses[200] > statuses[503]
    assert sum(waits) == 0
    assert min(done["rounds"] for done in (moved, *worked)) >= 2


def read(address: str, statuses: Counter[int]) -> None:
    """Read each page some times."""
    with httpx.Client(base_url=address, timeout=60) as client:
        for path in PATHS * ROUNDS:
            answer = client.get(path)
            statuses[answer.status_code] += 1
            assert answer.status_code == 200 or answer.headers["Retry-After"]


def test_database_that_was_away_needs_no_restart(server: Server, database_url: str) -> None:
    name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
    allow = SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}")
    with Database(database_url) as own, admin(server.url) as connection:
        browser = Browser(create_app(own, WebOptions(SECRET)))
        assert browser.get("/api/v1/jobs").status_code == 200
        connection.execute(allow.format(Identifier(name), SQL("false")))
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        away = browser.get("/api/v1/jobs")
        assert (away.status_code, away.headers["Retry-After"]) == (503, "5")
        assert "does not answer" in away.json()["error"] or "restarts" in away.json()["error"]
        connection.execute(allow.format(Identifier(name), SQL("true")))
        assert browser.get("/api/v1/jobs").status_code == 200
