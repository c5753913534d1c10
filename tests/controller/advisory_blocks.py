"""Transactions that stop midway, where they change a table: for crashes, and for two at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from pandadb.database import Database
from tests.waiting import LONG, until_waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FORK = multiprocessing.get_context("fork")
GATE = 4711
"""The advisory lock that keeps transactions from going on."""
BLOCK = """
CREATE FUNCTION public.wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_advisory_xact_lock_shared({gate}); RETURN NULL; END $$;
CREATE TRIGGER gate AFTER INSERT OR UPDATE OR DELETE ON {table}
   FOR EACH ROW EXECUTE FUNCTION public.wait_at_gate()
"""
OTHERS = text("""
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock'
""")


@contextmanager
def gate(database: Database, table: str) -> Iterator[Callable[[], None]]:
    """Keep transactions waiting where they have changed a table; yield what lets them go on."""
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql(BLOCK.format(gate=GATE, table=table))
        connection.execute(text("SELECT pg_advisory_lock(:gate)"), {"gate": GATE})

        def open_() -> None:
            connection.execute(text("SELECT pg_advisory_unlock_all()"))

        try:
            yield open_
        finally:
            open_()
            connection.exec_driver_sql("DROP FUNCTION public.wait_at_gate() CASCADE")


def crash(database: Database, url: str, table: str, work: Callable[..., Any], *given: Any) -> None:
    """Have a process do some work, and kill it where it has changed a table."""
    with gate(database, table):
        process = FORK.Process(target=_do, args=(url, work, given), daemon=True)
        process.start()
        until_waiting(database)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    until_waits(database, 0)


def until_waits(database: Database, number: int) -> None:
    """Return when so many sessions of the database wait for locks."""
    deadline = time.monotonic() + LONG
    while True:
        with database.session() as session:
            if session.scalar(OTHERS) == number:
                return
        assert time.monotonic() < deadline, f"there are not {number} sessions that wait for locks"


def _do(url: str, work: Callable[..., Any], given: tuple[Any, ...]) -> None:
    with Database(url, pool_size=1) as database:
        work(database, *given)
