"""Files that no catalogue has: numbers, the one file of a task without input, physical names."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING
from uuid import uuid4

from pandadb.core.datasets.catalogue import CatalogueFile
from pandadb.core.datasets.feeds.file_selection import RECORD_LIMIT, TooManyRecords

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.datasets.attributes import InputDataset
    from pandadb.core.datasets.feeds.feed_settings import FeedSettings

NAME = "pseudo_lfn"
"""The name of the only file of a task without input."""
RECORDS = 10_000
"""Numbers of a dataset of numbers at least, where nothing limits them."""


def make_files(
    dataset: InputDataset,
    settings: FeedSettings,
    *,
    master_files: int = 0,
    master_events: int | None = None,
    used: int = 0,
) -> list[CatalogueFile]:
    """Return the files of a dataset that no catalogue has.

    Of numbers there are as many as the task may have jobs; `master_files` and `master_events` are
    the files of the master and the most events of one, `used` numbers that other tasks have.

    Raises:
        TooManyRecords: They are more than a dataset may have.
    """
    if dataset.is_sequence:
        return _numbers(dataset, settings, master_files, master_events, used)
    if settings.pfns:
        return [_of_pfn(number, pfn) for number, pfn in enumerate(_used_pfns(settings))]
    return [CatalogueFile(NAME, guid=str(uuid4()), fsize=0)]


def _numbers(
    dataset: InputDataset,
    settings: FeedSettings,
    master_files: int,
    master_events: int | None,
    used: int,
) -> list[CatalogueFile]:
    number = dataset.records
    if number is None:
        number = _number_of_jobs(settings, master_events)
    if number is None:
        number = max(master_files, RECORDS) + used
    if number > RECORD_LIMIT:
        raise TooManyRecords(f"Too many file records for seq_number >{RECORD_LIMIT}")
    first = dataset.offset + 1
    return [
        CatalogueFile(str(one), guid=str(uuid4()), fsize=0) for one in range(first, first + number)
    ]


def _number_of_jobs(settings: FeedSettings, master_events: int | None) -> int | None:
    """Return how many jobs there may be at most, where files or events of the task are limited."""
    per_file, per_job = settings.events_per_file, settings.events_per_job
    if settings.nfiles is not None:
        if per_file and settings.granularity:
            return settings.nfiles * per_file // settings.granularity
        most = per_file or master_events
        if per_job and most and most > per_job:
            return settings.nfiles * ceil(most / per_job)
        return settings.nfiles
    if settings.nevents is not None and per_job:
        return ceil(settings.nevents / per_job)
    if settings.nevents is not None and per_file and settings.files_per_job:
        return ceil(settings.nevents / per_file / settings.files_per_job)
    return None


def _used_pfns(settings: FeedSettings) -> Sequence[str]:
    return settings.pfns[: 1 if settings.nfiles is None else settings.nfiles]


def _of_pfn(number: int, pfn: str) -> CatalogueFile:
    """Return the file of a physical name; it may end with `^` and its number of events."""
    name, _, events = pfn.rsplit("/", 1)[-1].partition("^")
    return CatalogueFile(
        f"{number:06d}:{name}",
        guid=str(uuid4()),
        fsize=0,
        events=int(events) if events.isdigit() else None,
    )
