"""The warm-up of a server: it requests each page before the first user does."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from pandadb.database import Database
from pandadb.services import jobs, shares
from pandadb.web import warmup
from pandadb.web.accounts.identities import NOBODY
from pandadb.web.application import create_app
from pandadb.web.navigation import SECTIONS
from pandadb.web.options import WebOptions
from tests.databases import admin
from tests.web.browsers import SECRET

if TYPE_CHECKING:
    from tests.databases import Server

pytestmark = pytest.mark.any_server


class Counted:
    """An application, with the number of the answers to each path."""

    def __init__(self, database: Database, *identify: Any) -> None:
        self.app = create_app(database, WebOptions(SECRET, hosts=("panda.example.org",)), *identify)
        self.answers: Counter[tuple[str, int]] = Counter()
        self.app.add_middleware(self._counting)

    def _counting(self, app: Any) -> Any:
        async def counted(scope: Any, receive: Any, send: Any) -> None:
            async def noting(message: Any) -> None:
                if message["type"] == "http.response.start":
                    self.answers[scope["path"], message["status"]] += 1
                await send(message)

            await app(scope, receive, noting)

        return counted


def test_pages_and_one_below_each_are_requested_as_a_reader_does(database: Database) -> None:
    (pandaid,) = jobs.submit(database, [jobs.NewJob({"computingsite": "S"})])
    shares.load(database, json.dumps([{"name": "Share & Co", "value": 100}]))
    counted = Counted(database, lambda _: NOBODY)
    warmup.warm_up(counted.app, 60).join()
    asked = {path for path, _ in counted.answers}
    assert [one for one in counted.answers if one[1] != 200] == []
    assert {section.path for section in SECTIONS} <= asked
    assert {f"/jobs/{pandaid}", "/shares/Share & Co", "/metrics"} <= asked
    assert {"jobs", "archive", "queues", "partitions"} <= counted.app.state.web.recent._known.keys()


def test_address_does_not_wait_for_a_slow_database(database: Database) -> None:
    counted = Counted(database)
    with database.transaction() as connection:
        connection.exec_driver_sql("LOCK doma_panda.jobsactive4")
        began = time.monotonic()
        thread = warmup.warm_up(counted.app, 0.1)
        assert time.monotonic() - began < 5
    thread.join()


def test_pages_are_requested_when_a_database_that_was_away_answers(
    server: Server, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warmup, "RETRY_SECONDS", 0.05)
    name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
    allow = SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}")
    with Database(database_url) as own, admin(server.url) as connection:
        connection.execute(allow.format(Identifier(name), SQL("false")))
        counted = Counted(own)
        thread = warmup.warm_up(counted.app, 60)
        assert not counted.answers
        connection.execute(allow.format(Identifier(name), SQL("true")))
        thread.join()
        assert ("/", 200) in counted.answers
