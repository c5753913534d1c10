"""Months, and which partitions are theirs alone."""

from __future__ import annotations

from datetime import datetime

import pytest

from pandadb.core.archive.months import InvalidMonth, Month
from pandadb.core.partitions.catalog import Partition


def test_a_month_ends_where_the_next_one_begins() -> None:
    month = Month.of("2025-12")

    assert (month.lower, month.upper) == (datetime(2025, 12, 1), datetime(2026, 1, 1))
    assert str(month) == "2025-12"


@pytest.mark.parametrize(
    "said", ["2026-13", "2026-9", "202609", "2026-09-01", "0000-01", "9999-12"]
)
def test_what_is_no_month_is_said_so(said: str) -> None:
    with pytest.raises(InvalidMonth, match=f"'{said}' is no month: write it as 2026-09"):
        Month.of(said)


@pytest.mark.parametrize(
    ("lower", "upper", "is_of_it"),
    [
        (datetime(2026, 9, 1), datetime(2026, 10, 1), True),
        (datetime(2026, 9, 30), datetime(2026, 10, 1), True),
        (datetime(2026, 9, 30), datetime(2026, 10, 2), False),
        (datetime(2026, 8, 31), datetime(2026, 9, 2), False),
        (datetime(2026, 10, 1), datetime(2026, 10, 2), False),
        (None, datetime(2026, 9, 2), False),
        (None, None, False),
    ],
)
def test_a_partition_with_other_times_is_not_of_the_month(
    lower: datetime | None, upper: datetime | None, is_of_it: bool
) -> None:
    assert Month.of("2026-09").has(Partition("s", "p", lower, upper)) is is_of_it
