"""Changes of a dataset's files and counters by a feed: pure, of its files and new ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pandadb.core.datasets.feeds import releases
from pandadb.core.datasets.feeds.feed_context import BEFORE_SCOUTED, EARLY
from pandadb.core.datasets.feeds.releases import EventTally, PendingFile, Release

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.datasets.feeds.event_ranges import Record
    from pandadb.core.datasets.feeds.feed_context import FeedContext
    from pandadb.core.datasets.feeds.file_selection import FileSelection

LOST = ("lost", "missing")
"""States of files that are not there any more."""
UNUSED = ("ready", "pending", "staging")
"""States of files that no job has: they are lost when they vanish from their source."""


class FedFile(NamedTuple):
    """A file of a dataset, as JEDI_DATASET_CONTENTS has it."""

    fileid: int
    lfn: str
    status: str
    startevent: int | None
    endevent: int | None
    boundaryid: int | None
    nevents: int | None
    lumiblocknr: int | None
    attemptnr: int | None
    maxattempt: int | None
    failedattempt: int | None
    maxfailure: int | None

    @property
    def key(self) -> tuple[object, ...]:
        """The key of a file in its dataset; see `Record.key`."""
        return (self.lfn, self.startevent, self.endevent, self.boundaryid)

    @property
    def length(self) -> int:
        """Events that count."""
        if self.startevent is not None and self.endevent is not None:
            return self.endevent - self.startevent + 1
        return self.nevents or 0

    @property
    def is_spent(self) -> bool:
        """Whether it is ready, and has no attempt left."""
        attempts = self.maxattempt is not None and (self.attemptnr or 0) >= self.maxattempt
        failures = self.maxfailure is not None and (self.failedattempt or 0) >= self.maxfailure
        return self.status == "ready" and (attempts or failures)


@dataclass(frozen=True)
class ContentChange:
    """The changes of a dataset by a feed."""

    records: Sequence[Record] = ()
    """New files, each with its number and state."""
    fileids: Sequence[int] = ()
    statuses: Sequence[str] = ()
    released: Sequence[int] = ()
    """Files that were pending and become ready."""
    lost: Sequence[int] = ()
    counters: Mapping[str, int | None] = field(default_factory=dict)
    """New values of counters in JEDI_DATASETS."""
    status: str | None = None
    """The new state of the dataset; None: it stays."""
    state: str = "closed"
    nready: int = 0
    nreleased: int = 0
    """Pending files that have become ready, and released ones that were not used before."""
    reason: str = ""
    """Why no pending file is released."""
    scout_chunks: int = 0
    """Scout jobs that still lack files."""


def new_records(existing: Sequence[FedFile], selection: FileSelection) -> Sequence[Record]:
    """Return the records that the dataset does not have yet."""
    if not existing:
        return selection.records
    known = {one.key for one in existing}
    return [one for one in selection.records if one.key not in known]


def change(
    existing: Sequence[FedFile],
    selection: FileSelection,
    context: FeedContext,
    records: Sequence[Record],
    fileids: Sequence[int],
) -> ContentChange:
    """Return the changes by a feed, when `records` are new and get the numbers `fileids`."""
    was = _sort(existing, selection, context)
    released = _release(was, selection, context, records, fileids)
    tally = _Tally(
        nready=was.nready + len(released.old) + released.statuses.count("ready"),
        nused=was.nused,
        npending=released.npending,
        nlost=len(existing) - len(was.there),
        nrows=len(existing) + len(records),
        nevents=sum(one.length for one in was.there) + sum(one.length or 0 for one in records),
    )
    to_be_used = _to_be_used(context, tally, released.by_rules, released.events.nranges)
    nreleased = len(released.first.fileids)
    unprocessed = _unprocessed(context)
    waits = context.is_mutable and not nreleased and unprocessed == 0
    return ContentChange(
        records=records,
        fileids=fileids,
        statuses=released.statuses,
        released=released.old,
        lost=sorted(was.lost),
        counters={
            **_counters(context, tally, to_be_used),
            "nfilesfailed": _failed(existing, was.lost, context),
        },
        status=None if waits else "ready",
        state=_state(context, tally, to_be_used, staging=released.is_staging),
        nready=tally.nready,
        nreleased=nreleased + unprocessed,
        reason=released.first.reason,
        scout_chunks=_scout_chunks(context, to_be_used, released.events.nevents),
    )


class _Released(NamedTuple):
    """Files that become ready."""

    first: Release
    by_rules: Release
    """Files of whole jobs, of scouts with RR."""
    statuses: list[str]
    """States of the new files."""
    old: list[int]
    """Files that were pending."""
    npending: int
    """Files that still are."""
    is_staging: bool
    events: EventTally


def _release(
    was: _Sorted,
    selection: FileSelection,
    context: FeedContext,
    records: Sequence[Record],
    fileids: Sequence[int],
) -> _Released:
    """Return the files that become ready, of those that are there and of the new ones."""
    state = "staging" if context.stages else "pending" if context.is_mutable else "ready"
    new = _waiting(records, fileids) if state != "ready" or _looks_ahead(context) else []
    old = [_pending(one) for one in was.there if one.status == "pending"]
    pending = [*old, *(new if state == "pending" else ())]
    staging = _blocks(was.there, new if state == "staging" else ())
    first = by_rules = releases.release(pending, context, staging=staging, nkeys=selection.nkeys)
    chosen = {*first.fileids}
    statuses = [state] * len(records)
    if state == "pending" and chosen:
        statuses = ["ready" if one in chosen else state for one in fileids]
    if _looks_ahead(context) and context.by_rules and not context.is_mutable:
        ready = [_pending(one) for one in was.there if one.status == "ready"]
        by_rules = releases.release_by_rules(
            [*ready, *new], context, staging=staging, nkeys=selection.nkeys
        )
    return _Released(
        first,
        by_rules,
        statuses,
        [one.fileid for one in old if one.fileid in chosen],
        len(pending) - len(chosen),
        bool(staging),
        releases.tally_events([*old, *new], context),
    )


class _Sorted(NamedTuple):
    """Files of a dataset as a feed finds them."""

    there: list[FedFile]
    """Those that are not lost, and are not now."""
    lost: set[int]
    """Unused ones that their source does not have any more."""
    nready: int
    nused: int


class _Tally(NamedTuple):
    """Numbers of files as a feed leaves them."""

    nready: int
    nused: int
    npending: int
    nlost: int
    nrows: int
    nevents: int


def _sort(existing: Sequence[FedFile], selection: FileSelection, context: FeedContext) -> _Sorted:
    lost: set[int] = set()
    if existing and not context.dataset.is_sequence:
        unused = (one for one in existing if one.status in UNUSED)
        lost = {one.fileid for one in unused if one.key not in selection.keys}
    there = [one for one in existing if one.status not in LOST and one.fileid not in lost]
    nready = sum(one.status == "ready" and not one.is_spent for one in there)
    nused = sum(one.status not in UNUSED or one.is_spent for one in there)
    return _Sorted(there, lost, nready, nused)


def _looks_ahead(context: FeedContext) -> bool:
    """Return whether scouts or ranges are chosen among the new files."""
    return context.is_event_split or (context.by_rules and context.limits.uses_scouts)


def _counters(context: FeedContext, tally: _Tally, to_be_used: int) -> dict[str, int]:
    return {
        "nfiles": tally.nrows - tally.nlost - _unreleased(context, tally),
        "nfilestobeused": to_be_used,
        "nfilesused": tally.nused,
        "nevents": tally.nevents,
        "nfilesmissing": tally.nlost,
    }


def _blocks(there: Sequence[FedFile], new: Sequence[PendingFile]) -> set[int | None]:
    """Return the lumi blocks of files that are being staged."""
    blocks = {one.lumiblocknr for one in there if one.status == "staging"}
    return blocks | {one.lumiblocknr for one in new}


def _pending(one: FedFile) -> PendingFile:
    return PendingFile(one.fileid, one.lfn, one.startevent, one.endevent, one.lumiblocknr)


def _waiting(records: Sequence[Record], fileids: Sequence[int]) -> list[PendingFile]:
    return [
        PendingFile(number, one.lfn, one.startevent, one.endevent, one.file.lumiblocknr)
        for number, one in zip(fileids, records, strict=True)
    ]


def _failed(existing: Sequence[FedFile], lost: set[int], context: FeedContext) -> int | None:
    """Return how many files have no attempts left, without those that are lost now."""
    failed = context.dataset.row["nfilesfailed"]
    gone = sum(one.is_spent for one in existing if one.fileid in lost)
    return (failed or 0) - gone if gone else failed


def _unprocessed(context: FeedContext) -> int:
    """Return released files that were not used before the feed; 0 without numbers of them."""
    released, used = (context.dataset.row[name] for name in ("nfilestobeused", "nfilesused"))
    return 0 if released is None or used is None else int(released - used)


def _unreleased(context: FeedContext, tally: _Tally) -> int:
    """Return the pending files that are not in `nfiles`: all, if short output is skipped."""
    return tally.npending if context.limits.skips_short_output else 0


def _to_be_used(context: FeedContext, tally: _Tally, rules: Release, nranges: int) -> int:
    """Return how many files are released for processing: all, or those of scouts first."""
    released = context.dataset.row["nfilestobeused"] or 0
    everything = tally.nready + tally.nused
    scouts = context.limits.uses_scouts
    if scouts and context.task_states & BEFORE_SCOUTED:
        return int(released)
    if scouts and context.by_rules:
        if context.limits.skips_short_output:
            return rules.in_first_bunch + tally.nused
        return everything if context.is_mutable else rules.total + tally.nused
    if scouts and context.task_states & EARLY:
        first = max(nranges, released) if context.is_event_split else context.bunch_files
        if tally.nready > first:
            return max(first, tally.nused)
    return everything


def _scout_chunks(context: FeedContext, to_be_used: int, nevents: int) -> int:
    """Return the scout jobs that files of a next master are needed for."""
    left = context.scout_chunks
    if not context.limits.uses_scouts:
        return left
    if context.is_event_split:
        per_job = context.limits.events_per_job or 1
        return left - -(-nevents // per_job) if to_be_used > 0 else left
    return left - -(-to_be_used // (context.settings.files_per_job or 1))


def _state(context: FeedContext, tally: _Tally, to_be_used: int, *, staging: bool) -> str:
    """Return the state of the dataset: it is not mutable once no more files are needed."""
    limit = context.limits.record_limit
    if context.is_mutable and limit is not None and to_be_used >= limit:
        return "open"
    if context.stages and not staging and context.dataset.is_master and not tally.npending:
        return "closed"
    return context.state
