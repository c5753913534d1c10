"""A thread that listens to ends of jobs, for all that waits for them; polls do without it."""

from __future__ import annotations

import logging
import random
import threading
from contextlib import closing
from typing import TYPE_CHECKING

from pandadb.database.pooler import PoolerInTheWay
from pandadb.services.notifications.listening import end_notices

if TYPE_CHECKING:
    from pandadb.database import Database

LOGGER = logging.getLogger("pandadb.sequences")
READY = 5.0
"""Seconds that a first look waits for the connection that listens."""
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0


class EndListener:
    """Counts notices; those that wait remember the number at their last look."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changed = threading.Condition()
        self._count = 0
        self._is_ready, self._end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="end listener", daemon=True)
        self._thread.start()

    @property
    def count(self) -> int:
        """The number of notices so far; the first is that the thread listens."""
        self._is_ready.wait(READY)
        with self._changed:
            return self._count

    def wait(self, seen: int, seconds: float) -> bool:
        """Wait until there are more notices than were seen; return whether there are."""
        with self._changed:
            return self._changed.wait_for(lambda: self._count > seen, max(0.0, seconds))

    def close(self) -> None:
        """End the thread."""
        self._end.set()
        self._thread.join(2)

    def _run(self) -> None:
        failures = 0
        while not self._end.is_set():
            try:
                self._listen()
                failures = 0
            except PoolerInTheWay:
                LOGGER.info("Behind a pooler, without PANDADB_DIRECT_URL: results are polled for")
                break
            except Exception as error:  # noqa: BLE001 - polls do without notices
                LOGGER.info("Notices are not heard, results are polled for: %s", error)
                failures += 1
                pause = min(FIRST_PAUSE * 2 ** min(failures, 10), LONGEST_PAUSE)
                self._is_ready.set()
                self._end.wait(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
        self._is_ready.set()

    def _listen(self) -> None:
        with closing(end_notices(self._database)) as told:
            for is_told in told:
                if is_told:
                    with self._changed:
                        self._count += 1
                        self._changed.notify_all()
                    self._is_ready.set()
                if self._end.is_set():
                    return
