"""Batches that follow the clock: larger, smaller, never none and never without bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.sql.batch_size import LEAST, MOST, Batch

pytestmark = pytest.mark.any_server

BATCHES = st.builds(Batch, st.integers(LEAST, MOST), st.floats(0.01, 60))
SECONDS = st.floats(0, 1e6, allow_nan=False)


@given(BATCHES, st.integers(0, MOST), SECONDS)
def test_a_batch_is_never_none_and_changes_by_half_or_twice_at_most(
    batch: Batch, done: int, seconds: float
) -> None:
    following = batch.after(done, seconds)

    assert LEAST <= following.size <= MOST
    assert batch.size // 2 <= following.size <= batch.size * 2
    assert following.target == batch.target


@given(BATCHES, st.floats(1.01, 100))
def test_what_took_too_long_is_less_next_time_and_the_other_way(
    batch: Batch, factor: float
) -> None:
    slow = batch.after(batch.size, batch.target * factor)
    fast = batch.after(batch.size, batch.target / factor)

    assert slow.size <= batch.size <= fast.size
    assert slow.size < batch.size or round(batch.size / factor) in (0, batch.size)


@given(st.floats(0.001, 5), st.floats(0.05, 10))
def test_it_comes_to_what_takes_as_long_as_it_should(rate: float, target: float) -> None:
    batch = Batch(100, target)
    for _ in range(40):
        batch = batch.after(batch.size, batch.size * rate / 100)

    ideal = min(max(100 * target / rate, LEAST), MOST)
    assert abs(batch.size - ideal) <= 1


def test_nothing_done_says_nothing() -> None:
    assert Batch(7).after(0, 100) == Batch(7)
