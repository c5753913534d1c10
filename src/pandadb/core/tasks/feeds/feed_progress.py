"""The feed of a task while it goes on: what is read, what is to be written, and what was fed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pandadb.core.datasets.feeds.feed_settings import SCOUT_CHUNKS
from pandadb.core.tasks.feeds.feed_outcomes import FeedOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.datasets.feeds.content_changes import FedFile
    from pandadb.core.datasets.feeds.feed_writes import FeedWrites
    from pandadb.core.tasks.feeds.feed_sources import OtherTasksFiles


@dataclass(frozen=True)
class DatasetFeed:
    """The result of a feed for a dataset."""

    datasetid: int
    name: str
    new: int = 0
    """Files, or ranges of their events, that are new."""
    released: int = 0
    """Files that were pending, and are ready now."""
    lost: int = 0
    """Files that their source does not have any more."""


@dataclass(frozen=True)
class TaskFeed:
    """The result of a feed for a task."""

    task: int
    status: str
    """The state of the task afterwards."""
    due: Sequence[str] = ()
    """Names of the datasets that were to be fed."""
    datasets: Sequence[DatasetFeed] = ()
    reason: str | None = None
    """Why it waits, or is broken."""


@dataclass
class FeedProgress:
    """The state of a feed while the datasets of a task are fed, one after the other."""

    left: int | None
    """Files that the masters may still have (nFiles)."""
    writes: FeedWrites
    existing: Mapping[int, Sequence[FedFile]]
    """The files of the datasets that are read, by the numbers of these."""
    nfiles: Mapping[int, int]
    """The numbers of files of the other datasets."""
    others: OtherTasksFiles
    scout_chunks: int = SCOUT_CHUNKS
    outcome: FeedOutcome = field(default_factory=FeedOutcome)
    fed: list[DatasetFeed] = field(default_factory=list)
    skips_secondaries: bool = False
    consistent: list[int] = field(default_factory=list)

    def note(self, **outcome: Any) -> None:
        """Note consequences of the feed of a dataset for its task."""
        self.outcome = replace(self.outcome, **outcome)
