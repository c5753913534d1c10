"""The context of the feed of a dataset: its task, its limits, and the state of its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandadb.core.datasets.attributes import InputDataset
    from pandadb.core.datasets.feeds.feed_settings import DatasetLimits, FeedSettings

EARLY = frozenset(("defined", "ready", "scouting", "assigning"))
"""States of a task in which scouts come first."""
BEFORE_SCOUTED = frozenset(("ready", "scouting", "assigning"))
"""States of a task that has its scouts already: no more files are released."""
MUTABLE = "mutable"
"""The state of a dataset to which a parent task still adds files."""


@dataclass(frozen=True)
class FeedContext:
    """A dataset to be fed, with all that decides on its files."""

    dataset: InputDataset
    settings: FeedSettings
    limits: DatasetLimits
    state: str
    """The state of the source: open, closed or mutable."""
    task_status: str
    task_oldstatus: str | None = None
    stages: bool = False
    """Whether files are staged from tape first (IS)."""
    follows_parent: bool = False
    """Whether the parent task runs, and is not waited for (NW)."""
    scout_chunks: int = 0
    """Scout jobs that still lack files."""

    @property
    def is_mutable(self) -> bool:
        """Whether new files are pending until there are enough."""
        added = (self.follows_parent or self.stages) and self.state == MUTABLE
        return added or self.limits.skips_short_output

    @property
    def task_states(self) -> frozenset[str | None]:
        """The states that the task has and had."""
        return frozenset((self.task_status, self.task_oldstatus))

    @property
    def begins(self) -> bool:
        """Whether the files are for scouts."""
        return self.limits.uses_scouts and bool(self.task_states & EARLY)

    @property
    def is_event_split(self) -> bool:
        """Whether jobs are made by events, not by files."""
        return self.limits.events_per_job is not None and self.settings.files_per_job is None

    @property
    def chunks(self) -> int:
        """Jobs that get their files together."""
        return self.scout_chunks if self.begins else self.settings.chunks_to_wait

    @property
    def bunch_files(self) -> int:
        """Files of so many jobs."""
        return self.chunks * (self.settings.files_per_job or 1)

    @property
    def bunch_events(self) -> int:
        """Events of so many jobs, where these are made by events."""
        return self.chunks * (self.limits.events_per_job or 0)

    @property
    def by_rules(self) -> bool:
        """Whether files are released by jobs as the split rule makes them (RR)."""
        return self.dataset.is_master and self.settings.respects_rules
