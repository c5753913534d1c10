"""Pending files of a mutable dataset become ready in bunches of jobs."""

from __future__ import annotations

from typing import Any

from pandadb.core.datasets.attributes import InputDataset
from pandadb.core.datasets.feeds import releases
from pandadb.core.datasets.feeds.feed_context import FeedContext
from pandadb.core.datasets.feeds.feed_settings import DatasetLimits, FeedSettings
from pandadb.core.datasets.feeds.releases import PendingFile, Release

ROW = {"datasetid": 1, "datasetname": "in", "type": "input", "masterid": None, "attributes": None}


def release(nfiles: int, limits: DatasetLimits | None = None, **settings: Any) -> Release:
    more = {"task_status": "running", **settings.pop("context", {})}
    context = FeedContext(
        InputDataset(ROW | {"masterid": settings.pop("masterid", None)}),
        FeedSettings(**settings),
        limits or DatasetLimits(),
        "mutable",
        follows_parent=True,
        **more,
    )
    length = (limits.events_per_job or 0) if limits else 0
    pending = [
        PendingFile(k, f"f.{k:03d}", 0 if length else None, length - 1, k // 10)
        for k in range(nfiles)
    ]
    return releases.release(pending, context, staging=(), nkeys=nfiles)


def test_files_of_whole_bunches_are_released() -> None:
    assert [*release(13, files_per_job=2, chunks_to_wait=3).fileids] == [*range(12)]


def test_too_few_files_wait_with_a_reason() -> None:
    found = release(5, files_per_job=2, chunks_to_wait=3)
    assert not found.fileids
    assert found.reason == "5 files available, 2*3 files required"


def test_files_of_a_secondary_dataset_do_not_wait() -> None:
    assert [*release(2, masterid=3).fileids] == [0, 1]


def test_ranges_wait_for_the_events_of_a_bunch() -> None:
    limits = DatasetLimits(events_per_job=10)
    assert [*release(7, limits, chunks_to_wait=3).fileids] == [*range(6)]
    assert "20 events (2 files) available" in release(2, limits, chunks_to_wait=3).reason


def test_scouts_wait_for_their_files_only() -> None:
    limits = DatasetLimits(uses_scouts=True)
    context = {"task_status": "defined", "scout_chunks": 2}
    assert [*release(5, limits, files_per_job=2, context=context).fileids] == [*range(4)]
    assert release(3, limits, files_per_job=2, context=context).reason.endswith("for scout")


def test_by_the_split_rule_files_of_full_jobs_are_released() -> None:
    given = {"respects_rules": True, "files_per_job": 4, "chunks_to_wait": 2}
    assert [*release(11, **given).fileids] == [*range(8)]
    assert release(7, **given).reason == "Not enough files"


def test_by_the_split_rule_the_last_job_of_a_lumi_block_need_not_be_full() -> None:
    given = {"respects_rules": True, "files_per_job": 4, "chunks_to_wait": 3}
    found = release(15, is_per_lumiblock=True, **given)
    assert {*found.fileids} == {*range(15)}
