"""Which files a dataset gets: patterns, lists, offset, order, limits."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pandadb.core.datasets.attributes import InputDataset
from pandadb.core.datasets.feeds import file_selection
from pandadb.core.datasets.feeds.feed_settings import DatasetLimits, FileChoice
from pandadb.core.datasets.feeds.file_selection import TooManyRecords, UsedFile
from tests.fed_tasks import file_of

ROW = {"datasetid": 1, "datasetname": "scope:in", "type": "input", "masterid": None}


def chosen(
    numbers: range | tuple[int, ...],
    limits: DatasetLimits | None = None,
    choice: FileChoice | None = None,
    attributes: str | None = None,
    used: tuple[UsedFile, ...] = (),
) -> list[int]:
    dataset = InputDataset({**ROW, "attributes": attributes})
    files = [file_of(number) for number in numbers]
    found = file_selection.select(
        files, dataset, choice or FileChoice(), limits or DatasetLimits(), used
    )
    return [int(one.lfn[2:]) for one in found.records]


def patterns(*texts: str) -> list[re.Pattern[str]]:
    return [re.compile(text) for text in texts]


def test_files_come_in_the_order_of_their_names() -> None:
    assert chosen((3, 1, 2)) == [1, 2, 3]


def test_an_offset_leaves_out_the_first_files() -> None:
    assert chosen(range(5), attributes="ru,of=3") == [3, 4]


def test_patterns_match_anywhere_or_are_the_name() -> None:
    choice = FileChoice(include=patterns("00[1-4]", "f.009+"), exclude=patterns("3$"))
    assert chosen(range(10), choice=choice) == [1, 2, 4, 9]


def test_a_list_of_names_leaves_out_the_others() -> None:
    assert chosen(range(5), choice=FileChoice(frozenset(("f.001", "f.099")))) == [1]


def test_so_many_files_are_taken() -> None:
    assert chosen(range(1, 9), DatasetLimits(nfiles=3)) == [1, 2, 3]
    assert chosen(range(1, 9), DatasetLimits(nfiles=0)) == []


def test_files_are_taken_until_there_are_enough_events() -> None:
    assert chosen(range(1, 9), DatasetLimits(nevents=25)) == [1, 2]
    assert chosen(range(1, 9), DatasetLimits(nevents=31)) == [1, 2, 3]


def test_ranges_beyond_the_limit_of_events_are_left_out() -> None:
    limits = DatasetLimits(nevents=25, events_per_job=10, uses_real_events=True)
    assert chosen((1, 2, 3), limits) == [1, 2]


def test_files_that_another_task_has_used_are_left_out_and_do_not_count() -> None:
    used = (UsedFile("f.001", None, None), UsedFile("f.002", 0, 4))
    assert chosen(range(1, 9), DatasetLimits(nfiles=2), used=used) == [2, 3]


def test_aligned_files_come_first_then_the_larger_ones() -> None:
    limits = DatasetLimits(events_per_job=20, aligns_events=True)
    assert chosen((3, 1, 2, 7, 4), limits) == [2, 4, 7, 3, 1]


def test_a_random_order_is_the_same_at_each_feed() -> None:
    first = chosen(range(50), attributes="rd")
    assert sorted(first) == [*range(50)]
    assert first != sorted(first)
    assert chosen(range(50), attributes="rd") == first


def test_too_many_records_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_selection, "RECORD_LIMIT", 10)
    assert len(chosen(range(10))) == 10
    with pytest.raises(TooManyRecords, match="too many files >10"):
        chosen(range(11))
    limits = DatasetLimits(events_per_job=1, uses_real_events=True)
    with pytest.raises(TooManyRecords, match="increase nEventsPerJob"):
        chosen((1, 2), limits)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [("ratio=2", 20), ("ratio=1.25", 13), ("nosplit", None), (None, 10), ("ratio=0", 0)],
)
def test_a_secondary_dataset_goes_with_the_master_by_its_ratio(
    attributes: Any, expected: int | None
) -> None:
    assert InputDataset({**ROW, "attributes": attributes}).times_ratio(10) == expected
