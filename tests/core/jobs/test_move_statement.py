"""The statement of a move, as it is made."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from pandadb.core.jobs import lock_order, move_statement
from pandadb.core.jobs.move_statement import Route
from pandadb.core.jobs.states import transitions
from pandadb.core.sql.id_arrays import by_id
from pandadb.core.sql.prepared import PSYCOPG
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
@pytest.mark.slow
def test_threads_that_make_a_statement_at_the_same_time_get_the_same() -> None:
    (step,) = transitions("finish")
    route = Route(step, JobsActive4, JobsArchived4, accounted=True)
    begin = Barrier(THREADS)

    def make(_: int) -> str:
        begin.wait()
        return str(move_statement.statement(route, by_id).compile(dialect=PSYCOPG))

    for _ in range(10):
        lock_order.datasets.cache_clear()
        with ThreadPoolExecutor(THREADS) as pool:
            assert len({*pool.map(make, range(THREADS))}) == 1
