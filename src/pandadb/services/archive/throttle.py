"""Throttle of the archiver: it waits for a pause, replica lag, or lock waits of other sessions."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pandadb.core.archive import backpressure
from pandadb.database.bridge import pause
from pandadb.services.archive import pauses
from pandadb.services.locks import LOCK_POLICY, LockPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandadb.database import Database

FIRST_WAIT, LONGEST_WAIT = 0.5, 10.0
"""Seconds between two checks, with exponential backoff."""


@dataclass(frozen=True)
class Limits:
    """Limits for the load of the archiver; times in seconds."""

    max_lag: float = 60
    """Maximum replica lag; 0 for no limit."""
    batch_seconds: float = 1
    """Target duration of a batch of rows."""
    locks: LockPolicy = LOCK_POLICY


@dataclass
class Throttle:
    """The limits of a run, from its beginning on."""

    database: Database
    limits: Limits
    max_time: float | None = None
    """Seconds after which nothing else is begun."""
    began: float = field(default_factory=time.monotonic)
    paused: str | None = None
    """The pause and its author, if the time was over because of it."""
    held_up: str | None = None
    """The reason of the wait when the time was over; None if there was none."""
    notes: list[str] = field(default_factory=list)
    """Notes for the operator, each once."""

    def is_over(self) -> bool:
        """Return whether there is no time left."""
        return self._left() <= 0

    def wait(
        self, tell: Callable[[str], None], *, begun: bool = False, holding: bool = False
    ) -> bool:
        """Wait while there is a reason to, reporting each one; return whether there is time left.

        Work that has `begun` continues after the end of the time, unless there is a reason to wait.
        Within a transaction that is `holding` locks, waiting sessions are no reason: we may be the
        session that they wait for.
        """
        seconds = FIRST_WAIT
        while begun or not self.is_over():
            why = self._why(holding)
            self.held_up = why
            if why is None:
                return True
            if self.is_over():
                return False
            tell(why)
            self._sleep(seconds)
            seconds = min(2 * seconds, LONGEST_WAIT)
        return False

    def _why(self, holding: bool) -> str | None:
        """Return the reason to wait; None if there is none."""
        self.paused = pauses.paused(self.database)
        if self.paused:
            return self.paused
        with self.database.session() as session:
            lag = (
                backpressure.lag(session)
                if self.limits.max_lag
                else backpressure.Lag(0, hidden=False)
            )
            sessions = 0 if holding else backpressure.waiting(session)
        if lag.hidden and LAG_HIDDEN not in self.notes:
            self.notes.append(LAG_HIDDEN)
        if lag.seconds > self.limits.max_lag:
            return f"replica lag {lag.seconds:.0f} s"
        return f"{sessions} sessions wait for locks" if sessions else None

    def _sleep(self, seconds: float) -> None:
        pause(max(0.0, min(seconds, self._left())))

    def _left(self) -> float:
        """Return the seconds that are left."""
        limit = math.inf if self.max_time is None else self.max_time
        return limit - (time.monotonic() - self.began)


LAG_HIDDEN = "The lag of replicas is not visible: GRANT pg_monitor to the role"
