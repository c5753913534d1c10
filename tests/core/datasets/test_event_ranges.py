"""Files split into ranges of events: each event is in one range, and jobs are full."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.datasets.feeds.event_ranges import Record, RecordSplitter
from pandadb.core.datasets.feeds.feed_settings import DatasetLimits
from tests.fed_tasks import file_of

MOST = 200_000


def split(limits: DatasetLimits, *events: int | None) -> list[Record]:
    splitter = RecordSplitter(limits)
    files = (file_of(number, events=one) for number, one in enumerate(events))
    return [record for file in files for record in splitter.split(file, MOST)]


def ranges(records: list[Record]) -> list[tuple[str, int | None, int | None]]:
    return [(one.lfn[-1], one.startevent, one.endevent) for one in records]


def test_what_a_file_leaves_of_a_job_is_taken_from_the_next_file() -> None:
    limits = DatasetLimits(events_per_job=40, uses_real_events=True, first_event=2)
    found = split(limits, 100, 70)
    expected = [("0", 0, 39), ("0", 40, 79), ("0", 80, 99), ("1", 0, 19), ("1", 20, 59)]
    assert ranges(found) == [*expected, ("1", 60, 69)]
    assert [one.firstevent for one in found] == [2, 42, 82, 102, 122, 162]


def test_a_file_without_a_number_of_events_is_whole() -> None:
    limits = DatasetLimits(events_per_job=40, uses_real_events=True)
    assert ranges(split(limits, None, 0)) == [("0", None, None), ("1", None, None)]


def test_a_target_number_of_events_gives_ranges_of_equal_length() -> None:
    limits = DatasetLimits(target_events_per_job=30, uses_real_events=True)
    assert ranges(split(limits, 100)) == [
        ("0", 0, 24), ("0", 25, 49), ("0", 50, 74), ("0", 75, 99),
    ]  # fmt: skip


def test_a_new_lumi_block_begins_a_new_job() -> None:
    limits = DatasetLimits(events_per_job=40, uses_real_events=True, respects_lumiblocks=True)
    splitter = RecordSplitter(limits)
    files = [file_of(k, events=50, lumiblocknr=block) for k, block in ((0, 1), (1, 1), (2, 2))]
    found = [one for file in files for one in splitter.split(file, MOST)]
    assert ranges(found) == [
        ("0", 0, 39), ("0", 40, 49), ("1", 0, 29), ("1", 30, 49), ("2", 0, 39), ("2", 40, 49),
    ]  # fmt: skip


def test_short_files_are_cut_to_whole_jobs_or_left_out() -> None:
    limits = DatasetLimits(events_per_file=100, events_per_job=30, skips_short_input=True)
    found = split(limits, 20, 50, 500)
    assert ranges(found) == [
        ("1", 0, 29), ("2", 0, 29), ("2", 30, 59), ("2", 60, 89), ("2", 90, 99),
    ]  # fmt: skip


def test_empty_files_can_be_left_out() -> None:
    assert [one.lfn for one in split(DatasetLimits(skips_empty_input=True), 0, 5)] == ["f.001"]


@given(events=st.lists(st.integers(1, 300), min_size=1, max_size=20), per_job=st.integers(1, 100))
def test_each_event_is_in_one_range_and_jobs_are_full(events: list[int], per_job: int) -> None:
    limits = DatasetLimits(events_per_job=per_job, uses_real_events=True, first_event=1)
    found = split(limits, *events)

    assert sum(one.length or 0 for one in found) == sum(events)
    assert [one.firstevent for one in found[:1]] == [1]
    for one, after in pairwise(found):
        assert (after.firstevent or 0) == (one.firstevent or 0) + (one.length or 0)
        follows = after.lfn == one.lfn
        assert (after.startevent == (one.endevent or 0) + 1) if follows else after.startevent == 0
    for one in found:  # but for the last job, ranges end where a job or a file ends
        last = (one.firstevent or 0) + (one.length or 0) - 1
        is_end_of_file = one.endevent == (one.nevents or 0) - 1
        assert last % per_job == 0 or is_end_of_file
        assert (one.length or 0) <= per_job
