"""The statement of a move, as it is made."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from pandadb.core import locking, routes
from pandadb.core.arrays import by_id
from pandadb.core.routes import Route
from pandadb.core.sending import PSYCOPG
from pandadb.core.states import transitions
from pandadb.models import JobsActive4, JobsArchived4

if TYPE_CHECKING:
    from collections.abc import Iterator

THREADS = 4


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads that take turns all the time."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("restless")
def test_threads_that_make_a_statement_at_the_same_time_get_the_same() -> None:
    (step,) = transitions("finish")
    route = Route(step, JobsActive4, JobsArchived4, accounted=True)
    begin = Barrier(THREADS)

    def make(_: int) -> str:
        begin.wait()
        return str(routes.statement(route, by_id).compile(dialect=PSYCOPG))

    for _ in range(10):
        locking.datasets.cache_clear()
        with ThreadPoolExecutor(THREADS) as pool:
            assert len({*pool.map(make, range(THREADS))}) == 1
