"""The reaper: a thread that ends expired leases, of one worker at a time by an advisory lock."""

from __future__ import annotations

import logging
import random
import threading
from typing import TYPE_CHECKING

from pandadb.services import queue
from pandadb.worker.reconnects import first_line, is_passing

if TYPE_CHECKING:
    from pandadb.database import Database

logger = logging.getLogger("pandadb.worker")

LIMIT = 500
"""Leases that are ended in a transaction."""


class Reaper:
    """The thread."""

    def __init__(self, database: Database, seconds: float) -> None:
        self._database, self._seconds = database, seconds
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reaper", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def end(self) -> None:
        """End the thread."""
        self._end.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        jitter = random.Random()  # noqa: S311
        while not self._end.wait(self._seconds * jitter.uniform(0.75, 1.25)):
            try:
                reap_expired(self._database)
                repair_if_due(self._database)
            except Exception as error:
                if not is_passing(error):
                    logger.exception("reaper")
                else:
                    logger.info("Expired leases are left: %s", first_line(error))


def reap_expired(database: Database) -> int:
    """End all expired leases, unless another worker does; return how many."""
    number = 0
    while True:
        done = queue.reap(database, limit=LIMIT, alone=True)
        number += done.leases
        if done.number:
            logger.warning(
                "Leases have expired: %s jobs are tried again, %s have failed, %s are cancelled",
                len(done.requeued), len(done.failed), len(done.cancelled),
            )  # fmt: skip
        if done.leases < LIMIT or done.kept == done.leases:
            return number


def repair_if_due(database: Database) -> None:
    """Note what other programs have done to queued jobs, if no worker has for a while."""
    done = queue.repair_if_due(database)
    if done is not None and done.number:
        logger.warning(
            "Queued jobs were repaired: %s ends noted, %s leases ended, %s jobs moved",
            len(done.ended), len(done.leases), len(done.moved),
        )  # fmt: skip
