"""Turns: one at a time, for as long as it takes, and nobody is stuck when a connection is lost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import text

from pandadb.database import Database
from pandadb.services.locks import turn
from tests.databases import render

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

KEY = "4711"
HOLDERS = """
SELECT pg_terminate_backend(pid) FROM pg_locks
 WHERE locktype = 'advisory' AND objid = 4711
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def test_a_turn_lasts_longer_than_the_server_bears_idle_sessions(database: Database) -> None:
    url: URL = database.engine.url
    impatient = url.update_query_dict({"options": "-c idle_session_timeout=50"})
    with Database(render(impatient)) as ours, turn(ours, KEY) as is_ours:
        time.sleep(0.3)
        with turn(database, KEY) as is_theirs:
            assert (is_ours, is_theirs) == (True, False)

    with turn(database, KEY) as is_theirs:
        assert is_theirs


def test_a_turn_whose_connection_is_lost_ends_and_the_next_begins(database: Database) -> None:
    with turn(database, KEY), database.session() as session:
        assert session.scalars(text(HOLDERS)).all() == [True]

    with turn(database, KEY) as is_ours:
        assert is_ours
