"""Notices of the database: a thread that listens, and wakes a process; polls do without it."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from pandadb.database.pooler import PoolerInTheWay
from pandadb.services.queue import CHANNEL
from pandadb.worker.reconnects import first_line, is_passing, pause_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandadb.database import Database

logger = logging.getLogger("pandadb.worker")
SHORT = 0.5
"""Seconds between two looks whether the thread is to end."""


class Listener:
    """The thread, with a connection of its own, past a pooler."""

    def __init__(
        self, database: Database, on_notice: Callable[[], None], channel: str = CHANNEL
    ) -> None:
        self._database, self._on_notice, self._channel = database, on_notice, channel
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def end(self) -> None:
        """End the thread."""
        self._end.set()
        self._thread.join(2 * SHORT)

    def _run(self) -> None:
        failures = 0
        while not self._end.is_set():
            try:
                self._listen()
            except PoolerInTheWay:
                logger.warning("Behind a pooler, without PANDADB_DIRECT_URL: polls do without")
                return
            except Exception as error:
                if not isinstance(error, psycopg.Error) and not is_passing(error):
                    logger.exception("listener")
                failures += 1
                logger.info("Notices are not heard, polls do without: %s", first_line(error))
                self._end.wait(pause_after(failures))
            else:
                failures = 0

    def _listen(self) -> None:
        """Listen until the connection is lost, or the worker ends."""
        connection = self._database.direct("notices").engine.raw_connection()
        try:
            driver: psycopg.Connection = connection.driver_connection  # type: ignore[assignment]
            driver.autocommit = True
            driver.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
            self._on_notice()  # notices from before are lost
            while not self._end.is_set():
                for _ in driver.notifies(timeout=SHORT, stop_after=1):
                    self._on_notice()
        finally:
            with suppress(Exception):
                connection.invalidate()
