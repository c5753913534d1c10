"""Jobs per second through claim, handler and end, by turns with other job queues."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from benchmarks import queues, servers
from benchmarks.alternation import MORE_ROUNDS, Effort, Goal, Ratio, alternate
from benchmarks.queue import awa, handlers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.alternation import Samples
    from tests.databases import Server

    Turn = Callable[[], dict[str, float]]

BATCH = 512
TEN_EACH, MANY_EACH, ONE_EACH = (
    f"take and finish, 4 workers: {other}"
    for other in ("pgqueuer", f"pgqueuer, batches of {BATCH}", "procrastinate")
)
FEW_IN_FLIGHT, MANY_IN_FLIGHT = 40, 1024
GOALS = (
    Goal(Ratio(handlers.TENS, TEN_EACH), 1),
    Goal(Ratio(handlers.TENS, ONE_EACH), 2.5),
    Goal(Ratio(handlers.TENS, awa.name(FEW_IN_FLIGHT)), 2),
    Goal(Ratio(handlers.PREFETCH, MANY_EACH), 1.2),
    Goal(Ratio(handlers.PREFETCH, awa.name(MANY_IN_FLIGHT)), 2),
)
ROUNDS = {Effort.TINY: 1, Effort.QUICK: 3, Effort.FULL: MORE_ROUNDS}
TENS = {Effort.TINY: 40, Effort.QUICK: 1600, Effort.FULL: 3200}
"""Jobs of a turn in tens; procrastinate has a quarter of them, as it takes four times as long."""
MANY = {Effort.TINY: 100, Effort.QUICK: 8000, Effort.FULL: 12_000}
"""Jobs of a turn with prefetch, or in large batches, or with many in flight."""


def measure(server: Server, effort: Effort) -> Samples:
    """Measure ours and the yardsticks by turns."""
    tens, many = TENS[effort], MANY[effort]
    with (
        servers.lived_in(server) as database,
        servers.empty(server) as url,
        servers.empty(server) as other,
    ):
        turns: list[Turn] = [
            partial(handlers.handle_in_tens, database, tens),
            partial(handlers.handle_with_prefetch, database, many),
        ]
        if queues.installed():
            turns += _queues(url, other, tens, many, ROUNDS[effort])
        if awa.installed():
            turns += _awa(server, tens, many)
        return alternate(turns, ROUNDS[effort])


def _queues(url: str, other: str, tens: int, many: int, rounds: int) -> list[Turn]:
    """Fill two databases with jobs for all rounds; return the turns.

    Workers take up to two batches more than they are timed for.
    """
    queues.prepare(url, (tens + 8 * 10) * (rounds + 1) + 1000)
    queues.prepare(other, (many + 8 * BATCH) * (rounds + 1) + 1000)
    return [
        partial(queues.pgqueuer, url, 4, tens),
        partial(queues.procrastinate, url, 4, tens // 4),
        partial(queues.pgqueuer, other, 4, many, BATCH),
    ]


def _awa(server: Server, tens: int, many: int) -> Iterator[Turn]:
    yield partial(awa.handle, server, tens, FEW_IN_FLIGHT)
    yield partial(awa.handle, server, many, MANY_IN_FLIGHT)
