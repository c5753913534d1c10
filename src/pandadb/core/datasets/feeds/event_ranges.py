"""Files split into ranges of events, one record of JEDI_DATASET_CONTENTS for each (semantics 4.2).

A range ends where a job is full. The last range of a file may leave its job with too few events:
the first range of the next file has the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, overload

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.core.datasets.catalogue import CatalogueFile
    from pandadb.core.datasets.feeds.feed_settings import DatasetLimits


class Record(NamedTuple):
    """A file of a dataset, or a range of its events."""

    file: CatalogueFile
    nevents: int | None
    """Events of the file that count."""
    startevent: int | None = None
    """The first event of the range, counted from 0 in the file."""
    endevent: int | None = None
    """The last one."""
    firstevent: int | None = None
    """The number of the first event, counted over all files."""

    @property
    def lfn(self) -> str:
        """The name of the file."""
        return self.file.lfn

    @property
    def key(self) -> tuple[object, ...]:
        """The key of a record in its dataset."""
        return (self.lfn, self.startevent, self.endevent, None)

    @property
    def length(self) -> int | None:
        """Events of the record: those of its range, or of the file."""
        _, nevents, start, end, _ = self
        return nevents if start is None or end is None else end - start + 1


class WholeFiles(Sequence[Record]):
    """Records of files that are not split, each made when it is read.

    The garbage collector would look again and again at 100,000 records that are kept.
    """

    def __init__(self, files: Sequence[CatalogueFile]) -> None:
        self._files = files

    @override
    def __len__(self) -> int:
        return len(self._files)

    @override
    def __iter__(self) -> Iterator[Record]:
        return (Record(one, one.events) for one in self._files)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> WholeFiles: ...
    @override
    def __getitem__(self, index: int | slice) -> Record | WholeFiles:
        if isinstance(index, slice):
            return WholeFiles(self._files[index])
        file = self._files[index]
        return Record(file, file.events)


class RecordSplitter:
    """Splits one file of a dataset after the other."""

    def __init__(self, limits: DatasetLimits) -> None:
        self._limits = limits
        self._job = limits.events_per_job or limits.range_length
        self._left = self._job
        self._number = limits.first_event
        self._lumiblock: int | None = None
        self.is_plain = not (
            limits.skips_empty_input
            or limits.skips_short_input
            or limits.uses_real_events
            or limits.events_per_file is not None
        )

    def split(self, file: CatalogueFile, most: int) -> list[Record]:
        """Return the records of a file, one more than `most` at most; none for too few events."""
        if self.is_plain:
            return [Record(file, file.events)]
        limits, events = self._limits, file.events
        if limits.skips_empty_input and events == 0:
            return []
        if limits.skips_short_input and events is not None:
            nevents: int | None = _whole_jobs(events, limits)
            if nevents == 0:
                return []
        else:
            nevents = events if limits.events_per_file is None else limits.events_per_file
        whole = Record(file, nevents)
        if self._is_split(nevents):
            return [*islice(self._ranges(whole, nevents or 0), most + 1)]
        if limits.events_per_file is None:
            return [whole]
        return [self._numbered(whole)]

    def _is_split(self, nevents: int | None) -> bool:
        limits = self._limits
        length = max(self._job or 0, limits.target_events_per_job or 0)
        counted = (limits.events_per_file or 0) > 0 or limits.uses_real_events
        return length > 0 and (nevents or 0) > 0 and counted

    def _ranges(self, whole: Record, nevents: int) -> Iterator[Record]:
        self._begin(whole.file, nevents)
        start, job = 0, self._job or 1
        while start < nevents:
            length = min(self._left or job, nevents - start)
            part = whole._replace(startevent=start, endevent=start + length - 1)
            yield self._numbered(part)
            start += length
            self._left = (self._left or job) - length or job

    def _begin(self, file: CatalogueFile, nevents: int) -> None:
        """Begin a new job where the file's ranges are of equal length, or its block is another."""
        target = self._limits.target_events_per_job
        if target:
            self._job = self._left = -(-nevents // -(-nevents // target))
        if self._limits.respects_lumiblocks and (
            self._lumiblock is None or self._lumiblock != file.lumiblocknr
        ):
            self._lumiblock, self._left = file.lumiblocknr, self._job

    def _numbered(self, record: Record) -> Record:
        if self._number is None:
            return record
        numbered = record._replace(firstevent=self._number)
        self._number += record.length or 0
        return numbered


def _whole_jobs(events: int, limits: DatasetLimits) -> int:
    """Return the events of a short file that fill jobs."""
    per_file, per_job = limits.events_per_file or 0, limits.events_per_job or 1
    return per_file if events >= per_file else events // per_job * per_job
