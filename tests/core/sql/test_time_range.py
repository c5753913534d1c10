"""Ranges of times: which times they have, and their SQL condition."""

from datetime import datetime

import pytest

from pandadb.core.sql.time_range import TimeRange

DAY = datetime(2026, 3, 1), datetime(2026, 3, 2)
NOON = datetime(2026, 3, 1, 12)


def test_a_range_has_its_lower_limit_and_not_its_upper_one() -> None:
    day = TimeRange(*DAY)
    assert [moment in day for moment in (DAY[0], NOON, DAY[1])] == [True, True, False]


@pytest.mark.parametrize(
    ("other", "overlap"),
    [
        ((NOON, DAY[1]), True),
        ((DAY[1], None), False),
        ((None, DAY[0]), False),
        ((None, NOON), True),
        ((None, None), True),
    ],
)
def test_ranges_overlap_if_a_time_is_in_both(
    other: tuple[datetime | None, datetime | None], overlap: bool
) -> None:
    day = TimeRange(*DAY)
    assert day.overlaps(TimeRange(*other)) is overlap
    assert TimeRange(*other).overlaps(day) is overlap


@pytest.mark.parametrize(
    ("times", "condition"),
    [
        (
            DAY,
            "modificationtime >= '2026-03-01 00:00:00'"
            " AND modificationtime < '2026-03-02 00:00:00'",
        ),
        ((None, NOON), "modificationtime < '2026-03-01 12:00:00'"),
        ((None, None), "true"),
    ],
)
def test_the_condition_has_the_limits_as_literals(
    times: tuple[datetime | None, datetime | None], condition: str
) -> None:
    assert TimeRange(*times).condition().as_string() == condition


def test_a_range_is_written_as_its_first_day() -> None:
    assert str(TimeRange(*DAY)) == "2026-03-01"
    assert str(TimeRange(None, NOON)) == "before 2026-03-01 12:00:00"
