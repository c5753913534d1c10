"""Release of pending files of a mutable dataset: those of a bunch of jobs become ready.

With the split rule respected (RR) files are counted off in jobs by their number (NF, else MF) and
events (NE), in the order of their names; sizes and walltimes do not count here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pandadb.core.datasets.feeds.feed_context import FeedContext
    from pandadb.core.datasets.feeds.feed_settings import FeedSettings

MOST_FILES = 200
"""Files of a job, where the split rule says nothing."""
RUNNING_BUNCHES = 100
"""Bunches of jobs that a running task gets at once."""


class PendingFile(NamedTuple):
    """A file that waits to be released, or, of scouts with RR, that is ready."""

    fileid: int
    lfn: str
    startevent: int | None
    endevent: int | None
    lumiblocknr: int | None

    @property
    def nevents(self) -> int:
        """Events of its range; 0 without one."""
        if self.startevent is None or self.endevent is None:
            return 0
        return self.endevent - self.startevent + 1


@dataclass(frozen=True)
class Release:
    """Files that become ready, or the reason why none does."""

    fileids: Sequence[int] = ()
    reason: str = ""
    total: int = 0
    """Files of whole jobs, with RR."""
    in_first_bunch: int = 0
    """Those of the first bunch of jobs."""


class EventTally(NamedTuple):
    """Events, and ranges that have them, until there are enough for a bunch of jobs."""

    nevents: int = 0
    nranges: int = 0


def tally_events(files: Sequence[PendingFile], context: FeedContext) -> EventTally:
    """Add up the events of ranges until they are enough."""
    nevents = nranges = 0
    for one in files if context.is_event_split else ():
        if nevents >= context.bunch_events:
            break
        nevents += one.nevents
        nranges += one.nevents > 0
    return EventTally(nevents, nranges)


def release(
    pending: Sequence[PendingFile],
    context: FeedContext,
    *,
    staging: Collection[int | None],
    nkeys: int,
) -> Release:
    """Return the pending files that become ready; `staging` has the lumi blocks on tape."""
    everything = [one.fileid for one in pending]
    if not context.is_mutable or not context.dataset.is_master:
        return Release(everything)
    if context.stages and not staging:
        return Release(everything)
    if context.by_rules:
        return release_by_rules(pending, context, staging=staging, nkeys=nkeys)
    return _release_by_size(pending, everything, context)


def _release_by_size(
    pending: Sequence[PendingFile], everything: list[int], context: FeedContext
) -> Release:
    if context.is_event_split:
        tally, events = tally_events(pending, context), context.bunch_events
        if tally.nranges and tally.nevents >= events:
            return Release(everything[: len(everything) // tally.nranges * tally.nranges])
        needed = f"{context.limits.events_per_job}*{context.chunks} events required"
        have = f"{tally.nevents} events ({len(everything)} files) available"
        return Release(reason=f"{have}, {needed}{_for_scouts(context)}")
    size = context.bunch_files
    if 0 < size <= len(everything):
        return Release(everything[: len(everything) // size * size])
    per_job = f"{context.settings.files_per_job}*" if context.settings.files_per_job else ""
    needed = f"{per_job}{context.chunks} files required{_for_scouts(context)}"
    return Release(reason=f"{len(everything)} files available, {needed}")


def _for_scouts(context: FeedContext) -> str:
    return " for scout" if context.begins else ""


def release_by_rules(
    files: Sequence[PendingFile],
    context: FeedContext,
    *,
    staging: Collection[int | None],
    nkeys: int,
) -> Release:
    """Return the files of whole jobs, bunch by bunch; the last lumi block comes first (RP)."""
    counter = _JobCounter(_grouped(files, context), context, staging)
    bunches = 1
    if context.limits.skips_short_output:
        bunches = max(nkeys, RUNNING_BUNCHES)
    elif context.task_status == "running":
        bunches = RUNNING_BUNCHES
    enough = counter.count(bunches)
    return Release(
        counter.fileids if enough else (),
        "" if enough else "Not enough files",
        len(counter.fileids),
        counter.in_first_bunch or 0,
    )


def _grouped(
    files: Sequence[PendingFile], context: FeedContext
) -> dict[int | None, list[PendingFile]]:
    groups: dict[int | None, list[PendingFile]] = {}
    for one in sorted(files, key=lambda one: (one.lfn, one.startevent or 0)):
        block = one.lumiblocknr if context.settings.is_per_lumiblock else None
        groups.setdefault(block, []).append(one)
    return groups


def _next_job(files: Sequence[PendingFile], start: int, settings: FeedSettings) -> tuple[int, bool]:
    """Return how many files go into the next job, and whether it has too few files or events."""
    if settings.files_per_job:
        taken = min(settings.files_per_job, len(files) - start)
        return taken, taken < settings.files_per_job
    most = settings.max_events_per_job
    taken = nevents = 0
    for one in files[start : start + (settings.max_files_per_job or MOST_FILES)]:
        if most and taken and nevents + one.nevents > most:
            break
        taken += 1
        nevents += one.nevents
    return taken, nevents < (most or 0)


class _JobCounter:
    """Counts files off in jobs, group by group."""

    def __init__(
        self,
        groups: Mapping[int | None, list[PendingFile]],
        context: FeedContext,
        staging: Collection[int | None],
    ) -> None:
        self._groups, self._context, self._staging = dict(groups), context, staging
        self._block: int | None = None
        self._files: list[PendingFile] = []
        """Files of the group that is counted; none between two groups."""
        self._used = self._available = self._jobs_of_group = 0
        self.fileids: list[int] = []
        self.in_first_bunch: int | None = None

    def count(self, bunches: int) -> bool:
        """Count so many bunches of jobs at most; return whether one is complete."""
        enough = False
        for number in range(bunches):
            jobs, more = self._bunch()
            if self.in_first_bunch is None:
                self.in_first_bunch = self._available
            if more:
                enough = True
                continue
            closed = self._context.limits.skips_short_output and self._context.state == "closed"
            enough = enough or number > 0 or jobs >= self._context.chunks or closed
            break
        self._take(self._used)
        return enough

    def _bunch(self) -> tuple[int, bool]:
        """Count one bunch; return its jobs, and whether the group has more files."""
        jobs, more = 0, False
        while jobs < self._context.chunks and (self._files or self._groups):
            if not self._files:
                self._block, self._files = self._groups.popitem()
                self._used = self._jobs_of_group = 0
            counts, more = self._job()
            jobs += counts
        return jobs, more

    def _job(self) -> tuple[bool, bool]:
        """Count one job; return whether it counts, and whether the group has more files."""
        taken, is_short = _next_job(self._files, self._used, self._context.settings)
        self._used += taken
        more = self._used < len(self._files)
        counts = more or self._is_complete(is_short=is_short)
        if counts:
            self._jobs_of_group += 1
            self._available = self._used
        if not more:
            self._take(self._available if self._jobs_of_group else 0)
            self._files = []
        return counts, more

    def _is_complete(self, *, is_short: bool) -> bool:
        """Return whether the last job of a group counts: no more files come, or it is full."""
        by_block = self._context.settings.is_per_lumiblock
        released = by_block and self._block not in self._staging
        return not self._context.is_mutable or released or not is_short

    def _take(self, number: int) -> None:
        self.fileids += [one.fileid for one in self._files[:number]]
