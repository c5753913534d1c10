"""Settings of a task for the choice of files from the catalogue, and for their split."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence

    from pandadb.core.datasets.attributes import InputDataset

SCOUT_CHUNKS = 10
"""Jobs that scout: the files of so many are released first."""
BUNCH = 20
"""Jobs that need their files before pending files of a running parent are released."""
ATTEMPTS = 3
"""Attempts of a file, unless the task says otherwise."""


@dataclass(frozen=True)
class FileChoice:
    """Files of a dataset that the task's parameters name; empty: all."""

    names: frozenset[str] = frozenset()
    include: Sequence[re.Pattern[str]] = ()
    exclude: Sequence[re.Pattern[str]] = ()

    def takes(self, lfn: str) -> bool:
        """Return whether a file is chosen."""
        if not (self.include or self.exclude or self.names):
            return True
        return (
            (not self.include or _matches(lfn, self.include))
            and not _matches(lfn, self.exclude)
            and (not self.names or lfn in self.names)
        )


def _matches(lfn: str, patterns: Sequence[re.Pattern[str]]) -> bool:
    return any(one.search(lfn) or one.pattern == lfn for one in patterns)


@dataclass(frozen=True)
class FeedSettings:
    """Settings of a task for its feed, from its parameters and split rule."""

    nfiles: int | None = None
    """Files of the masters in all."""
    nevents: int | None = None
    """Events of a master at most; of a task without input: all its events."""
    events_per_file: int | None = None
    events_per_job: int | None = None
    target_events_per_job: int | None = None
    """Events a job, about: ranges of a file are of equal length."""
    granularity: int | None = None
    """Events of a range, of a task with a dynamic number of events (DY)."""
    uses_real_events: bool = False
    """Whether files have the catalogue's number of events (UE)."""
    knows_no_events: bool = False
    """Whether the parameters have `useRealNumEvents`: secondary files are not limited then."""
    first_event: int = 0
    """Offset of event numbers (FT)."""
    max_attempt: int = ATTEMPTS
    max_failure: int | None = None
    files_per_job: int | None = None
    """NF."""
    max_files_per_job: int | None = None
    """MF."""
    max_events_per_job: int | None = None
    """NE."""
    uses_scouts: bool = False
    """US=2."""
    respects_rules: bool = False
    """RR: files are released by jobs as the split rule makes them."""
    respects_lumiblocks: bool = False
    """RL."""
    is_per_lumiblock: bool = False
    """RP: files are released by luminosity blocks."""
    aligns_events: bool = False
    """OI=1: files with events that fill jobs come first, then the others, larger ones first."""
    chunks_to_wait: int = BUNCH
    """NT, or 1 with NI: jobs that get their files together."""
    skips_short_input: bool = False
    skips_short_output: bool = False
    skips_empty_input: bool = False
    pfns: Sequence[str] = ()
    """Physical names that are the files of a task with PL."""
    choices: Mapping[str, FileChoice] = field(default_factory=dict)
    """Chosen files, by the name of the dataset."""
    own_choices: Mapping[int, FileChoice] = field(default_factory=dict)
    """Chosen files of datasets with a choice of their own, by their number: of segments (SW)."""

    def choice(self, dataset: InputDataset) -> FileChoice:
        """Return the choice of files of a dataset; names count with and without scope."""
        if dataset.datasetid in self.own_choices:
            return self.own_choices[dataset.datasetid]
        bare = dataset.name.rsplit(":", 1)[-1]
        return self.choices.get(dataset.name) or self.choices.get(bare) or FileChoice()


@dataclass(frozen=True)
class DatasetLimits:
    """How the files of one dataset are limited and split."""

    nfiles: int | None = None
    nevents: int | None = None
    events_per_file: int | None = None
    events_per_job: int | None = None
    target_events_per_job: int | None = None
    range_length: int | None = None
    """Events of a range of a dynamic number of events."""
    uses_real_events: bool = False
    respects_lumiblocks: bool = False
    first_event: int | None = None
    """The number of the first event; None: events are not numbered."""
    max_attempt: int | None = None
    max_failure: int | None = None
    uses_scouts: bool = False
    skips_short_input: bool = False
    skips_short_output: bool = False
    skips_empty_input: bool = False
    aligns_events: bool = False

    @property
    def record_limit(self) -> int | None:
        """Records that are needed of the dataset at most."""
        per_file, per_job = self.events_per_file, self.events_per_job
        if self.nfiles is None or not per_file or not per_job or per_file <= per_job:
            return self.nfiles
        return self.nfiles * per_file // per_job


def limits(settings: FeedSettings, dataset: InputDataset, left: int | None) -> DatasetLimits:
    """Return the limits of a dataset; `left` is how many files the masters may still have."""
    master = dataset.is_master
    counted = _counts_events(settings, dataset)
    tracked = master or dataset.is_tracked
    real = master and not dataset.is_pseudo
    found = DatasetLimits(
        nfiles=left if master else _secondary_files(settings, dataset),
        nevents=settings.nevents if master else None,
        uses_real_events=master and settings.uses_real_events,
        respects_lumiblocks=master and settings.respects_lumiblocks,
        first_event=1 + settings.first_event if master else None,
        max_attempt=settings.max_attempt if tracked else None,
        max_failure=settings.max_failure if tracked else None,
        uses_scouts=master and settings.uses_scouts,
        skips_short_output=real and settings.skips_short_output,
        skips_empty_input=real and settings.skips_empty_input,
        aligns_events=real and settings.aligns_events,
    )
    return _with_events(settings, dataset, found) if counted else found


def _counts_events(settings: FeedSettings, dataset: InputDataset) -> bool:
    of_master = settings.events_per_file is not None or settings.uses_real_events
    of_pseudo = dataset.is_pseudo and not dataset.is_sequence and settings.nevents is not None
    return (dataset.is_master and of_master) or of_pseudo


def _with_events(
    settings: FeedSettings, dataset: InputDataset, found: DatasetLimits
) -> DatasetLimits:
    per_file = settings.events_per_file
    if per_file is None and dataset.is_master and dataset.is_pseudo:
        per_file = settings.nevents
    target = settings.target_events_per_job
    by_job = settings.granularity is None and target is None
    per_job = settings.events_per_job if by_job else None
    short = (
        settings.skips_short_input
        and dataset.is_master
        and not dataset.is_pseudo
        and per_file is not None
        and per_job is not None
        and per_file >= per_job
    )
    return replace(
        found,
        events_per_file=per_file,
        events_per_job=per_job,
        range_length=settings.granularity,
        target_events_per_job=target,
        skips_short_input=short,
    )


def _secondary_files(settings: FeedSettings, dataset: InputDataset) -> int | None:
    """Return how many files of a secondary dataset go with the limited number of the master's."""
    if settings.nfiles is None:
        return None
    per_job = None if dataset.is_pseudo else dataset.files_per_job
    given = settings.nfiles
    found = dataset.times_ratio(given) if per_job is None else given * per_job
    if found is None:
        return None
    if settings.events_per_file is None:
        return None if settings.knows_no_events else found
    job = settings.granularity or settings.events_per_job
    if not job or settings.events_per_file <= job:
        return found
    return ceil(found * settings.events_per_file / job)
