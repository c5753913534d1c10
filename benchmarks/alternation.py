"""Ours and the yardsticks by turns, so that whatever slows the machine slows them all."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from enum import IntEnum
from statistics import median
from typing import TYPE_CHECKING, Any

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Samples = dict[str, list[float]]
"""For each thing that is measured, its number in each round."""
ROUNDS = 5
MORE_ROUNDS = 15
"""Where turns of a second find a ratio near 1: no machine is so even that five would do."""


class Effort(IntEnum):
    """How much is done: what takes a minute or more, two minutes at most, or just a try."""

    TINY = 0
    QUICK = 1
    FULL = 2


@dataclass(frozen=True)
class Ratio:
    """One thing divided by another, round by round."""

    above: str
    below: str

    @property
    def name(self) -> str:
        """Return what JSON and goals call it."""
        return f"{self.above} / {self.below}"

    def of(self, samples: Samples) -> Spread | None:
        """Return its spread over the rounds, or None if one of the two was not measured."""
        pairs = zip(samples.get(self.above, ()), samples.get(self.below, ()), strict=False)
        found = [above / below for above, below in pairs]
        return Spread(min(found), median(found), max(found)) if found else None


@dataclass(frozen=True)
class Spread:
    """What a ratio was in the rounds."""

    min: float
    median: float
    max: float


@dataclass(frozen=True)
class Goal:
    """What the median of a ratio has to be: at least the bound, or at most."""

    ratio: Ratio
    bound: float
    at_most: bool = False

    @override
    def __str__(self) -> str:
        return f"{'at most' if self.at_most else 'at least'} {self.bound:g}"

    def is_met(self, got: float | None) -> bool:
        """Tell whether the median is good enough; what was not measured is not."""
        if got is None:
            return False
        return got <= self.bound if self.at_most else got >= self.bound


def alternate(turns: Sequence[Callable[[], Mapping[str, float]]], rounds: int = ROUNDS) -> Samples:
    """Take the turns in each of the rounds, beginning with another one each time.

    A first round, in which caches get warm, is not counted.
    """
    samples: Samples = defaultdict(list)
    for number in range(rounds + 1):
        first = number % len(turns)
        for turn in (*turns[first:], *turns[:first]):
            for name, measured in turn().items():
                if number:
                    samples[name].append(measured)
    return samples


@dataclass(frozen=True)
class Report:
    """What a benchmark has found."""

    benchmark: str
    server: str
    samples: Samples
    ratios: Sequence[Ratio]
    goals: Sequence[Goal]

    def medians(self) -> dict[str, float]:
        """Return the median of each thing that was measured."""
        return {name: median(numbers) for name, numbers in self.samples.items()}

    def spreads(self) -> dict[str, Spread]:
        """Return the ratios that could be had."""
        found = {ratio.name: ratio.of(self.samples) for ratio in self.ratios}
        return {name: spread for name, spread in found.items() if spread}

    def verdicts(self) -> list[dict[str, Any]]:
        """Return each goal with what was got."""
        found = self.spreads()
        rows = []
        for goal in self.goals:
            spread = found.get(goal.ratio.name)
            got = spread.median if spread else None
            row = {"name": goal.ratio.name, "goal": str(goal), "got": got, "ok": goal.is_met(got)}
            rows.append(row)
        return rows

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON shows it."""
        return {
            "benchmark": self.benchmark,
            "server": self.server,
            "ratios": {name: asdict(spread) for name, spread in self.spreads().items()},
            "goals": self.verdicts(),
        }
