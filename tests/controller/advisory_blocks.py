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
BEGIN
   IF {job} IN (0, coalesce((to_jsonb(NEW)->>'pandaid')::bigint, 0)) THEN
      PERFORM pg_advisory_xact_lock_shared({gate});
   END IF;
   RETURN NULL;
END $$;
CREATE TRIGGER gate AFTER INSERT OR UPDATE OR DELETE ON {table}
   FOR EACH ROW EXECUTE FUNCTION public.wait_at_gate()
"""
OTHERS = text("""
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock'
""")


@contextmanager
def gate(database: Database, table: str, job: int = 0) -> Iterator[Callable[[], None]]:
    """Keep transactions waiting where they have changed a table, or a job in it.

    Yields a function that lets them go on.
    """
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql(BLOCK.format(gate=GATE, table=table, job=job))
        connection.execute(text("SELECT pg_advisory_lock(:gate)"), {"gate": GATE})

        def open_() -> None:
            connection.execute(text("SELECT pg_advisory_unlock_all()"))

        try:
            yield open_
        finally:
            open_()
            connection.exec_driver_sql("DROP FUNCTION public.wait_at_gate() CASCADE")


def crash(
    database: Database, url: str, table: str, work: Callable[[Database], Any], job: int = 0
) -> None:
    """Have a process do some work, and kill it where it has changed a table, or a job in it."""
    with gate(database, table, job):
        process = FORK.Process(target=_do, args=(url, work), daemon=True)
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


def _do(url: str, work: Callable[[Database], Any]) -> None:
    with Database(url, pool_size=1) as database:
        work(database)
