"""The job queue: throughput against other queues, and how long jobs wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.queue import latency, throughput

if TYPE_CHECKING:
    from benchmarks.alternation import Effort, Samples
    from tests.databases import Server

GOALS = (*throughput.GOALS, *latency.GOALS)
RATIOS = tuple(goal.ratio for goal in GOALS)


def measure(server: Server, effort: Effort) -> Samples:
    """Measure throughput, then latencies."""
    return {**throughput.measure(server, effort), **latency.measure(server, effort)}
