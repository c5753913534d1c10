"""Widths of partitions: where ranges begin, what they are called, how far back a time is."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.partitions.intervals import InvalidSpan, Span

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2150, 1, 1))
TIMES = st.sampled_from(["1 day", "3 days", "7 days", "1 month", "3 months"]).map(Span.of)


@given(TIMES, MOMENTS)
def test_a_moment_is_in_the_range_that_begins_before_it(span: Span, moment: datetime) -> None:
    start, end = span.start(moment), span.after(moment)

    assert start <= moment < end
    assert span.start(start) == start
    assert span.start(end) == end
    assert span.start(end - timedelta(microseconds=1)) == start


@given(st.integers(1, 10**9), st.integers(0, 10**12))
def test_so_is_an_id(size: int, number: int) -> None:
    span = Span.of(f"{size} ids")

    assert span.start(number) <= number < span.after(number)
    assert span.after(number) - span.start(number) == size


@given(TIMES, MOMENTS)
def test_ranges_follow_one_another(span: Span, moment: datetime) -> None:
    assert span.after(span.after(moment), -1) == span.start(moment)
    assert span.after(moment, 2) == span.after(span.after(moment))


@pytest.mark.parametrize(
    ("span", "lower", "suffix"),
    [
        ("1 day", datetime(2026, 11, 21), "p2026_11_21"),
        ("1 month", datetime(2026, 11, 1), "p2026_11"),
        ("1 month", datetime(2026, 11, 15), "p2026_11_15"),
        ("1000000 ids", 3_000_000, "p3000000"),
    ],
)
def test_partitions_are_called_as_pg_partman_calls_them(
    span: str, lower: datetime | int, suffix: str
) -> None:
    assert Span.of(span).suffix(lower) == suffix


@pytest.mark.parametrize(
    ("span", "before"),
    [
        ("30 days", datetime(2026, 3, 1, 12, 30)),
        ("1 month", datetime(2026, 2, 28, 12, 30)),
        ("12 months", datetime(2025, 3, 31, 12, 30)),
    ],
)
def test_a_month_before_its_31st_is_the_last_day_of_a_shorter_one(
    span: str, before: datetime
) -> None:
    assert Span.of(span).before(datetime(2026, 3, 31, 12, 30)) == before


@given(TIMES, MOMENTS)
def test_a_moment_is_as_much_before_the_first_one_that_is_later(
    span: Span, moment: datetime
) -> None:
    later = span.later(moment)

    assert span.before(later) >= moment
    assert span.before(later - timedelta(microseconds=1)) < moment


@pytest.mark.parametrize("text", ["", "day", "0 days", "1 week", "-1 day", "1.5 days"])
def test_what_is_no_span_is_a_sentence(text: str) -> None:
    with pytest.raises(InvalidSpan, match="write 1 day, 3 months or 1000000 ids"):
        Span.of(text)


@pytest.mark.parametrize("text", ["1 day", "3 months", "1000000 ids"])
def test_a_span_says_what_it_was_read_from(text: str) -> None:
    assert str(Span.of(text)) == text
