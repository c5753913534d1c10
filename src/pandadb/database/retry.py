"""Retries: one loop for work that a later attempt may complete."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

from pandadb.database.bridge import pause

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Result = TypeVar("Result")


def retry(
    attempt: Callable[[int], Result],
    is_passing: Callable[[Exception], bool],
    pauses: Sequence[float],
) -> Result:
    """Return the result of an attempt; after a passing error, pause and retry.

    `attempt` gets its number, from 0. There is one more attempt than there are pauses (seconds);
    the error of the last one is raised.
    """
    for number, seconds in enumerate(pauses):
        try:
            return attempt(number)
        except Exception as error:
            if not is_passing(error):
                raise
        pause(seconds)
    return attempt(len(pauses))


def backoff(first: float, retries: int) -> list[float]:
    """Return the seconds of pauses that double, from `first`, each with a jitter of half of it."""
    return [first * 2**n * random.uniform(0.5, 1.5) for n in range(retries)]  # noqa: S311 - jitter
