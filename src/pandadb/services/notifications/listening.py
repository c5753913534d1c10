"""Notices of ends of jobs and tasks, from a connection of their own."""

from __future__ import annotations

import time
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING

from psycopg import sql

from pandadb.core.control import notices
from pandadb.services.workflows.owners import new_owner

if TYPE_CHECKING:
    from collections.abc import Generator

    import psycopg

    from pandadb.database import Database

COUNTS_FOR = 60.0
"""Seconds for which a listener counts without a sign of life."""


def end_notices(database: Database, seconds: float = 0.5) -> Generator[bool]:
    """Yield True when notices may have come, at first at once, and False after so many seconds.

    The connection bypasses a pooler, and listens before the first value is yielded: a query after
    that misses no end that is not notified. While the generator is open ends are notified;
    when it is closed, or its process is killed, that ends.

    Raises:
        PoolerInTheWay: There is a pooler, and no direct URL.
        OperationalError: The connection was lost: begin again.
    """
    listener = new_owner()
    note = partial(notices.note_listener, listener_id=listener, seconds=COUNTS_FOR)
    connection = database.direct("notices").engine.raw_connection()
    try:
        driver: psycopg.Connection = connection.driver_connection  # type: ignore[assignment]
        driver.autocommit = True
        driver.execute(sql.SQL("LISTEN {}").format(sql.Identifier(notices.ENDS_CHANNEL)))
        database.retrying(note)
        noted, is_told = time.monotonic(), True
        while True:
            yield is_told
            if time.monotonic() - noted > COUNTS_FOR / 3:
                database.retrying(note)
                noted = time.monotonic()
            with closing(driver.notifies(timeout=seconds, stop_after=1)) as found:
                is_told = next(found, None) is not None
    finally:
        with suppress(Exception):
            connection.invalidate()
        with suppress(Exception):
            database.retrying(partial(notices.forget_listener, listener_id=listener), attempts=1)
