"""The choice of the catalogue's files for a dataset of a task, and their order.

The rules are those of JEDI's contents feeder (semantics 4.2). All is pure: files in, records out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from pandadb.core.datasets.feeds.event_ranges import Record, RecordSplitter
from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from pandadb.core.datasets.attributes import InputDataset
    from pandadb.core.datasets.catalogue import CatalogueFile
    from pandadb.core.datasets.feeds.feed_settings import DatasetLimits, FileChoice

RECORD_LIMIT = 200_000
"""Records of a dataset at most; a task that needs more is broken."""


class TooManyRecords(PandaDBError):
    """A dataset has more records than a task may have of it."""


class UsedFile(NamedTuple):
    """A file, or a part of it, that another task has used."""

    lfn: str
    startevent: int | None
    endevent: int | None


@dataclass(frozen=True)
class FileSelection:
    """The records of a dataset."""

    records: Sequence[Record]
    nfiles: int
    """Files that they are of."""
    found: Sequence[Record]
    """All records that the dataset may have, beyond the limit of events, too."""

    @property
    def nkeys(self) -> int:
        """The number of these."""
        return len(self.found)

    @cached_property
    def keys(self) -> frozenset[tuple[object, ...]]:
        """The keys of these."""
        return frozenset(one.key for one in self.found)


def select(
    files: Iterable[CatalogueFile],
    dataset: InputDataset,
    choice: FileChoice,
    limits: DatasetLimits,
    used: Collection[UsedFile] = (),
) -> FileSelection:
    """Return the records of a dataset for the files that the catalogue has.

    Raises:
        TooManyRecords: They are more than a dataset may have.
    """
    takes = choice.takes
    by_name = {one.lfn: one for one in files if takes(one.lfn)}
    found = _split([*_ordered(by_name, dataset, limits)], limits, {*used})
    if limits.nevents is None:
        return FileSelection(found, len({one.lfn for one in found}), found)
    return FileSelection(*_limited(found, limits.nevents), found)


def _ordered(
    by_name: dict[str, CatalogueFile], dataset: InputDataset, limits: DatasetLimits
) -> Iterator[CatalogueFile]:
    """Yield files by name, or aligned ones first; without the first ones, by the offset."""
    per_job = limits.events_per_job
    names = sorted(by_name, key=int) if dataset.is_sequence else sorted(by_name)
    if limits.aligns_events and per_job:
        aligned = [name for name in names if _fills(by_name[name].events, per_job)]
        rest = [one for one in by_name.values() if not _fills(one.events, per_job)]
        rest.sort(key=lambda one: one.events or 0, reverse=True)
        names = [*aligned, *(one.lfn for one in rest)]
    if not dataset.is_sequence:
        names = names[dataset.offset :]
    if dataset.is_random:  # the same order at each feed: or a limit would let others in and out
        Random(dataset.datasetid).shuffle(names)  # noqa: S311 - no secret
    yield from (by_name[name] for name in names)


def _fills(events: int | None, per_job: int) -> bool:
    """Return whether the events of a file fill jobs, with none left."""
    return events is not None and events % per_job == 0


def _split(
    files: Sequence[CatalogueFile], limits: DatasetLimits, used: set[UsedFile]
) -> list[Record]:
    """Return the records of files until there are enough files or events."""
    splitter = RecordSplitter(limits)
    names_used = {one.lfn for one in used if one.startevent is None}
    found: list[Record] = []
    nfiles = nevents = 0
    for file in files:
        if file.lfn in names_used:
            continue
        nfiles += 1
        if limits.nfiles is not None and nfiles > limits.nfiles:
            break
        records = splitter.split(file, RECORD_LIMIT)
        if not records:
            continue
        found += _unused(records, used) if used else records
        nevents += records[0].nevents or 0
        if limits.nevents is not None and nevents >= limits.nevents:
            break
        if len(found) > RECORD_LIMIT:
            raise TooManyRecords(_too_many(len(files), limits))
    return found


def _unused(records: Sequence[Record], used: set[UsedFile]) -> list[Record]:
    return [one for one in records if (one.lfn, one.startevent, one.endevent) not in used]


def _limited(found: Sequence[Record], most: int) -> tuple[list[Record], int]:
    """Return the records within a limit of events, and the number of their files."""
    records: list[Record] = []
    names: dict[str, None] = {}
    in_files = in_ranges = 0
    for one in found:
        if one.lfn not in names:
            if names and in_files >= most:
                break
            names[one.lfn] = None
            in_files += one.nevents or 0
        if one.startevent is not None:
            in_ranges += one.length or 0
            if in_ranges > most:
                break
        records.append(one)
    return records, len(names)


def _too_many(nfiles: int, limits: DatasetLimits) -> str:
    if nfiles > RECORD_LIMIT and limits.nfiles is None:
        return (
            f"Input dataset contains too many files >{RECORD_LIMIT}."
            " Split the dataset or set nFiles properly"
        )
    if limits.events_per_job is not None:
        return (
            f"SUM(nEventsInEachFile/nEventsPerJob) >{RECORD_LIMIT}. Split the dataset, set nFiles"
            " properly, or increase nEventsPerJob"
        )
    return f"Too many file record >{RECORD_LIMIT}"
