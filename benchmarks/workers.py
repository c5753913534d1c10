"""Several workers at once, and how long each of their calls takes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from statistics import median, quantiles
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Call = Callable[[], int]


def work(name: str, calls: Sequence[Call], number: int) -> dict[str, float]:
    """Let workers make so many calls together; return jobs per second and latencies (ms).

    None waits at the end while the others have calls left. A call returns with how many jobs it was
    done.
    """
    left = iter(range(number))
    with ThreadPoolExecutor(len(calls)) as pool:
        began = perf_counter()
        done = [*pool.map(lambda call: [_timed(call) for _ in left], calls)]
        took = perf_counter() - began
    jobs = sum(number for worker in done for number, _ in worker)
    return {f"{name}, jobs/s": jobs / took, **_latencies(name, [ms for w in done for _, ms in w])}


def _timed(call: Call) -> tuple[int, float]:
    began = perf_counter()
    return call(), (perf_counter() - began) * 1000


def _latencies(name: str, times: list[float]) -> dict[str, float]:
    p99 = quantiles(times, n=100, method="inclusive")[98]
    return {f"{name}, p50": median(times), f"{name}, p99": p99}
