"""Which partitions go together, and what keeps them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pandadb.core.archive.layout import ARCHIVE_OF, LIVE_OF, days, strewn, taken
from pandadb.core.partitions.catalog import Partition
from pandadb.models import Base

JOBS, FILES, PARAMS, META = ARCHIVE_OF
FIRST = datetime(2026, 10, 1)


def day(table: str, offset: int, length: int = 1) -> Partition:
    """Return a partition of a table that begins so many days after the first."""
    lower = FIRST + timedelta(offset)
    name = f"{table.partition('.')[2]}_p{lower:%Y_%m_%d}"
    return Partition("doma_panda", name, lower, lower + timedelta(length))


def having(**tables: list[Partition]) -> dict[str, list[Partition]]:
    return {table: tables.get(table.partition(".")[2], []) for table in ARCHIVE_OF}


@pytest.mark.parametrize(("live", "archive"), ARCHIVE_OF.items())
def test_a_table_and_its_archive_have_the_same_columns(live: str, archive: str) -> None:
    tables = Base.metadata.tables

    assert {c.name for c in tables[live].columns} == {c.name for c in tables[archive].columns}


def test_partitions_of_a_day_go_together_oldest_first_jobs_first() -> None:
    found = days(having(metatable=[day(META, 0)], jobsarchived4=[day(JOBS, 1), day(JOBS, 0)]))

    assert [[part.name for part in one.parts] for one in found] == [
        ["jobsarchived4_p2026_10_01", "metatable_p2026_10_01"],
        ["jobsarchived4_p2026_10_02"],
    ]
    assert (found[0].lower, found[0].upper) == (FIRST, FIRST + timedelta(1))


def test_a_wide_partition_takes_the_narrow_ones_of_its_time_along() -> None:
    found = days(
        having(
            jobsarchived4=[day(JOBS, 0, 31)],
            filestable4=[day(FILES, n) for n in (0, 30, 31)],
        )
    )

    assert [(one.lower, one.upper, len(one.parts)) for one in found] == [
        (FIRST, FIRST + timedelta(31), 3),
        (FIRST + timedelta(31), FIRST + timedelta(32), 1),
    ]


def test_partitions_without_an_end_are_of_no_day() -> None:
    endless = [
        Partition("doma_panda", "filestable4_live", None, FIRST),
        Partition("doma_panda", "filestable4_default", None, None, is_default=True),
    ]

    assert days(having(filestable4=endless)) == []


def test_a_partition_has_the_name_of_its_table_wherever_it_is() -> None:
    (found,) = days(having(jobparamstable=[day(PARAMS, 0)]))
    (part,) = found.parts
    back = part.back("doma_pandaarch")

    assert part.new_name == "jobparamstable_arch_p2026_10_01"
    assert (back.name, back.new_name) == (part.new_name, part.name)
    assert part.live == back.live == PARAMS
    assert part.live_name == back.live_name == "jobparamstable_p2026_10_01"


@pytest.mark.parametrize(
    ("there", "stray", "said"),
    [
        ([], [], None),
        ([replace(day(LIVE_OF[ARCHIVE_OF[JOBS]], 0), name="other")], [], "that time: other"),
        ([], [FIRST], "has rows of that time"),
        ([day(JOBS, 1)], [FIRST + timedelta(1), FIRST - timedelta(1)], None),
    ],
)
def test_a_day_does_not_go_where_something_is(
    there: list[Partition], stray: list[datetime], said: str | None
) -> None:
    (found,) = days(having(jobsarchived4=[day(JOBS, 0)]))
    target = ARCHIVE_OF[JOBS]

    why = taken(found, {target: there}) or strewn(found, {target: stray})

    assert (said is None) is (why is None)
    assert str(said or why) in str(why)
