"""Values between the parts of the generation: picked input, queues, slices (one for each job)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pandadb.core.sql.validation import InvalidValue, check_text, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Row = Mapping[str, Any]
    """Columns of a row, by name."""

LOCALITIES = ("disk", "tape", "cache", "remote", None)


@dataclass(frozen=True)
class Queue:
    """A PanDA queue chosen by a brokerage for a task, and where the input is, seen from there.

    Raises:
        InvalidValue: The locality is unknown, or a number is negative or none.
    """

    name: str
    weight: float = 1
    """The chance to be drawn; queues of weight 0 are drawn first, once each."""
    locality: str | None = "disk"
    """Where the input is, seen from the queue: disk, tape, cache, remote, or None: not known."""
    queued: int | None = None
    """Jobs of the task that are queued there."""
    cap: int | None = None
    """A queue with as many queued jobs gets no more."""
    source: str | None = None
    """Of remote input: the queue that it comes from."""
    protocol: str | None = None
    """Of remote input: how it comes."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """The queue's configuration, SCHEDCONFIG_JSON.data."""

    def __post_init__(self) -> None:
        check_text("the name of a queue", self.name)
        if self.locality not in LOCALITIES:
            known = ", ".join(word for word in LOCALITIES if word)
            raise InvalidValue(
                f"queue {self.name}: locality is {known}, not {shown(self.locality)}"
            )
        for name in ("weight", "queued", "cap"):
            value = getattr(self, name)
            if value is not None and not _is_number(value):
                raise InvalidValue(
                    f"queue {self.name}: {name} has to be a number from 0 on, not {shown(value)}"
                )


def _is_number(value: Any) -> bool:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return known and math.isfinite(value) and value >= 0


@dataclass(frozen=True)
class PickedDataset:
    """A dataset with those of its files that are picked, in their order."""

    row: Row
    """Columns of JEDI_DATASETS."""
    files: Sequence[Row]
    """Columns of JEDI_DATASET_CONTENTS."""


@dataclass(frozen=True)
class Chunk:
    """Input that is picked for jobs: of one master dataset, and of its secondary ones."""

    task: Row
    """Columns of JEDI_TASKS."""
    master: PickedDataset
    secondaries: Sequence[PickedDataset] = ()
    ramcount: int = 0
    """MB, of the files; they are picked apart by it."""
    is_merging: bool = False
    is_scouting: bool = False
    is_block: bool = False
    """Whether the master has more files than were picked."""


@dataclass(frozen=True)
class Slice:
    """The input of one job, or of those that share it, and the queue that it goes to."""

    chunk: Chunk
    queue: Queue
    inputs: Sequence[tuple[Row, Sequence[Row]]]
    """Datasets, the master first, each with the job's files of it in their order."""
    others: Sequence[Queue] = ()
    """Further queues for the jobs that share the input: consumers of the event service."""

    @property
    def queues(self) -> tuple[Queue, ...]:
        """Return all queues of the input's jobs, the drawn one first."""
        return self.queue, *self.others


@dataclass(frozen=True)
class ChunkSlices:
    """A chunk, and what it is split into: one slice for each job, in the order of the jobs."""

    chunk: Chunk
    slices: Sequence[Slice]
