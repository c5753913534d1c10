"""How much to do at once, so that it takes about as long as it should."""

from __future__ import annotations

from dataclasses import dataclass, replace

LEAST, MOST = 1, 100_000


@dataclass(frozen=True)
class Batch:
    """An adaptive batch size: at most doubled or halved to stay near the target duration."""

    size: int = 100
    target: float = 1.0
    """Seconds that a batch should take."""

    def after(self, done: int, seconds: float) -> Batch:
        """Return the next batch after one of a size that took some seconds.

        It at most doubles and at least halves: one slow batch does not make a slow database.
        """
        if done < 1:
            return self
        wanted = done * self.target / max(seconds, 1e-6)
        least, most = max(LEAST, self.size // 2), min(MOST, self.size * 2)
        return replace(self, size=round(min(max(wanted, least), most)))
