"""Ends of jobs in groups: those within a millisecond are one transaction."""

from __future__ import annotations

import logging
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from pandadb.errors import InvalidInput
from pandadb.services import queue
from pandadb.services.queue import Failure, Success
from pandadb.worker.hand_over import HandOver
from pandadb.worker.payload.outcome import PayloadOutcome, StopReason
from pandadb.worker.payload.tails import as_text
from pandadb.worker.reconnects import persist

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pandadb.database import Database
    from pandadb.services.queue import EndResult
    from pandadb.worker.held_jobs import HeldJob

    Ended = tuple[HeldJob, PayloadOutcome]

logger = logging.getLogger("pandadb.worker")

GROUP_SECONDS = 0.001
"""Seconds that the first job of a group waits for others."""
MAX_GROUP = 512
BACK = (StopReason.DRAIN, StopReason.LEASE, StopReason.WORKER)
"""Reasons to give a job back that has not ended by itself."""


class GroupedEnds:
    """The thread. `on_stored` has the jobs with a committed end, or a lost lease."""

    def __init__(
        self,
        database: Database,
        on_stored: Callable[[list[HeldJob]], None],
        wait: Callable[[float], bool],
    ) -> None:
        self._database, self._on_stored, self._wait = database, on_stored, wait
        self._ended: HandOver[Ended] = HandOver()
        self.add = self._ended.put
        """Takes a job that has ended with its outcome, from any thread."""
        self._thread = threading.Thread(target=self._run, name="ends", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def end(self, seconds: float) -> None:
        """End the thread, after all that it has been given."""
        self._ended.end()
        self._thread.join(seconds)

    def _run(self) -> None:
        while (group := self._group()) is not None:
            try:
                self.store(group)
            except Exception:
                logger.exception("%s jobs are left until their leases expire", len(group))
            self._on_stored([job for job, _ in group])

    def _group(self) -> list[Ended] | None:
        """Return the next group; None at the end."""
        first = self._ended.take()
        if first is None:
            return None
        if len(self._ended) < MAX_GROUP - 1:
            time.sleep(GROUP_SECONDS)
        return [first, *self._ended.take_all(MAX_GROUP - 1)]

    def store(self, group: Sequence[Ended]) -> None:
        """Store the ends of jobs; of those that are lost, or wait in vain, nothing is changed."""
        kept = [one for one in group if not one[0].is_lost]
        finished = [Success(job.lease, end.result) for job, end in kept if end.is_ok]
        if finished:
            self._finish(finished)
        ended = [(job, end) for job, end in kept if not end.is_ok]
        cancelled = [job.lease for job, _ in ended if job.is_cancelled]
        others = [(job, end) for job, end in ended if not job.is_cancelled]
        back = [job.lease for job, end in others if end.reason in BACK]
        failed = [_failure(job, end) for job, end in others if end.reason not in BACK]
        if cancelled:
            self._call(partial(queue.end_cancelled, self._database, cancelled))
        if back:
            self._call(partial(queue.give_back, self._database, back))
        if failed:
            self._call(partial(queue.fail, self._database, failed))

    def _finish(self, finished: list[Success]) -> None:
        """Finish jobs; if a result is refused, each by itself, and that one fails."""
        try:
            self._call(partial(queue.finish, self._database, finished))
        except InvalidInput as error:
            if len(finished) > 1:
                for one in finished:
                    self._finish([one])
                return
            words = f"The result is refused: {error}"
            refused = Failure(finished[0].lease, words, retryable=False)
            self._call(partial(queue.fail, self._database, [refused]))

    def _call(self, call: Callable[[], EndResult]) -> None:
        done = persist("The ends of jobs cannot be stored", call, self._wait)
        if done is None:
            return
        for job in done.lost:
            logger.warning("Job %s was lost before its end", job)
        for job, why in done.refused.items():
            logger.warning("Job %s stays: %s", job, why)


def _failure(job: HeldJob, end: PayloadOutcome) -> Failure:
    words = as_text(end.error or "The payload has failed")
    return Failure(job.lease, words, retryable=end.is_retryable, retry_in=end.retry_in)
