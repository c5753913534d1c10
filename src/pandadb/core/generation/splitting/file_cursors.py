"""Positions in the files of a chunk: the next ones of the master, and those that belong to them.

Job generation 2, secondary files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.core.generation.dataset_attributes import usage_of
from pandadb.core.generation.splitting.limits import ANY_BOUNDARY, MIXED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.generation.dataset_attributes import Usage
    from pandadb.core.generation.slices import Chunk, PickedDataset, Row
    from pandadb.core.generation.splitting.limits import SliceLimits


@dataclass(frozen=True)
class Demand:
    """The request of a job's master files to a secondary dataset."""

    is_first: bool
    """Whether these are the first files of the job."""
    master_files: int
    """Files of the master that the job has now."""
    master_events: int
    boundaries: frozenset[int | None]
    """BOUNDARYID of the files of the master that were taken last."""
    files: int
    """Files of the secondary dataset that the job has already, and their events."""
    events: int


class FileCursors:
    """The next files of each dataset of a chunk."""

    def __init__(self, chunk: Chunk) -> None:
        self.master = chunk.master.files
        self.secondaries = [*chunk.secondaries]
        self.usages = [usage_of(one.row) for one in chunk.secondaries]
        self.used = 0
        """Files of the master that are used."""
        self.used_secondaries = [0] * len(self.secondaries)

    @property
    def is_at_end(self) -> bool:
        """Return whether all files of the master are used."""
        return self.used >= len(self.master)

    def position(self) -> tuple[int, tuple[int, ...]]:
        """Return the position, to go back to it."""
        return self.used, tuple(self.used_secondaries)

    def go_back(self, position: tuple[int, tuple[int, ...]]) -> None:
        """Go back to an earlier position."""
        self.used, self.used_secondaries = position[0], [*position[1]]

    def secondary_files(
        self, number: int, demand: Demand, limits: SliceLimits
    ) -> tuple[int, Sequence[Row]]:
        """Return the next files of a secondary dataset for a job, and where they begin."""
        dataset, usage = self.secondaries[number], self.usages[number]
        start = self.used_secondaries[number]
        if usage.is_whole:
            return 0, dataset.files if demand.is_first else ()
        wanted = _wanted(dataset, usage, demand, limits)
        if usage.is_reusable and start + wanted > len(dataset.files):
            start = 0
        return start, _fitting(dataset.files[start : start + wanted], usage, demand, limits)

    def take_secondary(self, number: int, start: int, count: int) -> None:
        """Move on behind files that a job takes."""
        self.used_secondaries[number] = start + count

    def end_job(self) -> None:
        """Begin again with datasets that are used round and round."""
        for number, usage in enumerate(self.usages):
            if usage.is_repeated and self.secondaries[number].files:
                self.used_secondaries[number] %= len(self.secondaries[number].files)


def _wanted(dataset: PickedDataset, usage: Usage, demand: Demand, limits: SliceLimits) -> int:
    if usage.files_per_job is not None:
        return usage.files_per_job if demand.is_first else 0
    if usage.event_ratio is not None and demand.master_events > 0:
        return len(dataset.files)
    if limits.boundary not in (ANY_BOUNDARY, MIXED):
        return len(dataset.files)
    return max(usage.files_for(demand.master_files) - demand.files, 0)


def _fitting(
    files: Sequence[Row], usage: Usage, demand: Demand, limits: SliceLimits
) -> Sequence[Row]:
    """Return the files up to the first that does not belong to the job."""
    events = demand.events
    for count, file in enumerate(files):
        is_enough = (
            usage.event_ratio is not None
            and demand.master_events > 0
            and events / demand.master_events >= usage.event_ratio
        )
        if is_enough or not _is_within(file, demand, limits):
            return files[:count]
        events += int(file["nevents"] or 0)
    return files


def _is_within(file: Row, demand: Demand, limits: SliceLimits) -> bool:
    if limits.boundary == ANY_BOUNDARY or demand.boundaries <= {None}:
        return True
    return file["boundaryid"] in demand.boundaries
