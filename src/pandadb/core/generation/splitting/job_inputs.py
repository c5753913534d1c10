"""The input of one job: it grows file by file, as long as no limit is passed. Job generation 2."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pandadb.core.generation.file_events import range_of
from pandadb.core.generation.splitting.boundaries import end_after, follows
from pandadb.core.generation.splitting.file_cursors import Demand
from pandadb.core.generation.splitting.limits import DEFAULT_OUTPUT
from pandadb.core.generation.splitting.sizes import bytes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.generation.slices import Row
    from pandadb.core.generation.splitting.boundaries import Boundary
    from pandadb.core.generation.splitting.file_cursors import FileCursors
    from pandadb.core.generation.splitting.limits import SliceLimits
    from pandadb.core.generation.splitting.sizes import OutputSize
    from pandadb.core.generation.splitting.walltimes import Walltime


@dataclass(frozen=True)
class Costs:
    """Costs of files: rules of a task and of a queue."""

    output: OutputSize
    walltime: Walltime
    scratch: int
    counts_events: bool
    """Whether ranges are summed up: for a limit of events, or a ratio of them."""


@dataclass(frozen=True)
class Totals:
    """Sums over a job's input."""

    files: int = 0
    """Of the master."""
    all_files: int = 0
    events: int = 0
    size: int = 0
    """Bytes of input, output and scratch."""
    space: int = 0
    """Bytes of output, and of input that is copied."""
    walltime: int = 0
    outputs: tuple[int, ...] = ()
    """Bytes of output of each stream, the master's first."""
    secondary_files: tuple[int, ...] = ()
    secondary_events: tuple[int, ...] = ()
    names: frozenset[str] = frozenset()
    """Files of the master, where ranges of the same file count as one."""


@dataclass(frozen=True)
class SliceStep:
    """Files that a job may take together: of the master, and those that belong to them."""

    master: Sequence[Row]
    secondaries: Sequence[tuple[int, Sequence[Row]]]
    """Of each secondary dataset where its files begin, and the files."""
    totals: Totals
    """Sums over the job, with these files."""
    end: Boundary


@dataclass
class JobInput:
    """The input of a job."""

    master: list[Row] = field(default_factory=list)
    secondaries: list[list[Row]] = field(default_factory=list)
    walltime: int = 0
    """Seconds, as far as they go by events or size."""


def next_job(cursors: FileCursors, limits: SliceLimits, costs: Costs) -> JobInput:
    """Return the input of the next job; the cursors are behind it afterwards.

    The first files are taken, however large they are. There has to be a file of the master.
    """
    job = JobInput(secondaries=[[] for _ in cursors.secondaries])
    empty = (0,) * len(cursors.secondaries)
    totals = Totals(
        size=costs.scratch,
        walltime=costs.walltime.base,
        outputs=(0, *empty),
        secondary_files=empty,
        secondary_events=empty,
    )
    step: SliceStep | None = _step(cursors, limits, costs, totals, None)
    while step is not None:
        _take(step, job, cursors)
        if limits.is_fixed or cursors.is_at_end:
            break
        following = _step(cursors, limits, costs, step.totals, step.end)
        step = following if following and _is_within(following.totals, limits) else None
    cursors.end_job()
    return job


def _take(step: SliceStep, job: JobInput, cursors: FileCursors) -> None:
    job.master += step.master
    job.walltime = step.totals.walltime
    cursors.used += len(step.master)
    for number, (start, files) in enumerate(step.secondaries):
        job.secondaries[number] += files
        if not cursors.usages[number].is_whole:
            cursors.take_secondary(number, start, len(files))


def _step(
    cursors: FileCursors, limits: SliceLimits, costs: Costs, totals: Totals, end: Boundary | None
) -> SliceStep | None:
    """Return the files that the job may take next, or None if they do not follow the last ones."""
    master: list[Row] = []
    for file in cursors.master[cursors.used : cursors.used + limits.files_at_once]:
        if end is not None and not follows(file, end, limits):
            break
        master.append(file)
        totals = _with_master(totals, file, limits, costs)
        end = end_after(file, end)
    if end is None or not master:
        return None
    secondaries = []
    has_ranges = any(range_of(file) is not None for file in master)
    boundaries = frozenset(file["boundaryid"] for file in master)
    is_first = totals.files == len(master)
    counted = _counted(cursors, is_first=is_first)
    for number in range(len(cursors.secondaries)):
        demand = _demand(totals, number, boundaries, is_first=is_first)
        start, files = cursors.secondary_files(number, demand, limits)
        counts = limits.events is not None and not has_ranges and number == counted
        totals = _with_secondary(totals, number, files, limits, costs, counts_events=counts)
        secondaries.append((start, files))
    return SliceStep(master, secondaries, totals, end)


def _demand(
    totals: Totals, number: int, boundaries: frozenset[int | None], *, is_first: bool
) -> Demand:
    return Demand(
        is_first=is_first,
        master_files=totals.files,
        master_events=totals.events,
        boundaries=boundaries,
        files=totals.secondary_files[number],
        events=totals.secondary_events[number],
    )


def _counted(cursors: FileCursors, *, is_first: bool) -> int | None:
    """Return the secondary dataset whose events count where files of the master have no ranges.

    It is the first one of which the job gets further files.
    """
    for number, usage in enumerate(cursors.usages):
        if not usage.is_whole and (is_first or usage.files_per_job is None):
            return number
    return None


def _with_master(totals: Totals, file: Row, limits: SliceLimits, costs: Costs) -> Totals:
    size, output = bytes_of(file), costs.output.of_master(file)
    if file["lfn"] in totals.names:
        size = 0
    events = range_of(file) if costs.counts_events else None
    return replace(
        totals,
        files=totals.files + 1,
        all_files=totals.all_files + 1,
        events=totals.events + (events or 0),
        size=totals.size + size + output,
        space=totals.space + output + (0 if limits.is_direct else size),
        walltime=totals.walltime + costs.walltime.of(file),
        outputs=_increased(totals.outputs, 0, output),
        names=totals.names | {file["lfn"]} if limits.is_dynamic else totals.names,
    )


def _with_secondary(
    totals: Totals,
    number: int,
    files: Sequence[Row],
    limits: SliceLimits,
    costs: Costs,
    *,
    counts_events: bool,
) -> Totals:
    if not files:
        return totals
    size = sum(map(bytes_of, files))
    output = sum(map(costs.output.of_secondary, files))
    counted = sum(map(_events, files)) if counts_events else 0
    events = sum(int(file["nevents"] or 0) for file in files)
    return replace(
        totals,
        all_files=totals.all_files + len(files),
        events=totals.events + counted,
        size=totals.size + size + output,
        space=totals.space + output + (0 if limits.is_direct else size),
        outputs=_increased(totals.outputs, number + 1, output),
        secondary_files=_increased(totals.secondary_files, number, len(files)),
        secondary_events=_increased(totals.secondary_events, number, events),
    )


def _events(file: Row) -> int:
    events = range_of(file)
    return int(file["nevents"] or 0) if events is None else events


def _increased(sums: tuple[int, ...], place: int, by: int) -> tuple[int, ...]:
    return (*sums[:place], sums[place] + by, *sums[place + 1 :])


def _is_within(totals: Totals, limits: SliceLimits) -> bool:
    """Return whether no limit is passed.

    Where less output is expected than is always allowed for, the input must leave room for that.
    """
    output = max(totals.outputs)
    if limits.size is not None:
        if totals.size > limits.size:
            return False
        if output < DEFAULT_OUTPUT and totals.size - output > limits.size - DEFAULT_OUTPUT:
            return False
    return (
        (limits.files is None or (len(totals.names) or totals.files) <= limits.files)
        and (limits.events is None or totals.events <= limits.events)
        and (limits.walltime <= 0 or totals.walltime <= limits.walltime)
        and output <= limits.output
        and totals.space <= limits.space
        and totals.all_files <= limits.all_files
    )
