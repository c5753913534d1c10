"""What a task's scouts have used, as values of the task for the jobs to come.

Rules of the server, on jobs as `scout_jobs` reads them; nothing here knows a database.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pandadb.core.tasks.ending.scout_jobs import Finished

    Value = tuple[float, int]
    """A number, and the PandaID of its job."""

KB = 1024
HS06_FIXED = ("HS06sPerEventFixed", "mHS06sPerEventFixed")
MARGIN = 1.5
"""Factor on the CPU and wall time of scouts."""
MOST_OUTPUT = 10 * KB
"""kB of output for a MB of input, or an event, at most."""
MOST_WALLTIME = 999_999_999
SHORT = 3600
"""Seconds of CPU below which the wall time of jobs does not count."""
LONG = 6 * 3600
"""Seconds of a job that counts for the CPU time with few events, too."""
FEW_EVENTS = 10


@dataclass(frozen=True)
class Preset:
    """Values of a task before its scouts: columns of JEDI_TASKS, and what was asked for."""

    outdiskunit: str | None = None
    walltime: int | None = None
    ramunit: str | None = None
    baseramcount: int = 0
    """MB."""
    workdiskcount: int | None = None
    """MB."""
    cpuefficiency: int = 100
    """Per cent."""
    basewalltime: int = 0
    """Seconds."""
    cputimeunit: str | None = None
    """The unit in the parameters of the task."""
    library_mb: float | None = None
    """Size of the library that its jobs use."""


@dataclass(frozen=True)
class Ranks:
    """Settings of JEDI for the values: percentiles, margins, bounds."""

    memory: float = 75
    memory_margin: float = 10
    """Per cent."""
    least_memory: float | None = None
    """MB."""
    cputime: float = 95
    most_diskio: float | None = None
    """kB/s."""


@dataclass
class Measured:
    """Values for the task, by column, and the jobs that they come from."""

    columns: dict[str, Any] = field(default_factory=dict)
    tags: dict[int, list[str]] = field(default_factory=dict)
    """Names of the values that come from a job, by PandaID, as `jobmetrics` has them."""

    def note(self, name: str, jobs: Iterable[int]) -> None:
        """Note that a value comes from jobs."""
        for job in jobs:
            names = self.tags.setdefault(job, [])
            if name not in names:
                names.append(name)


def measure(jobs: Sequence[Finished], preset: Preset, ranks: Ranks) -> Measured:
    """Return the values that finished jobs give; those of which there is nothing are left out."""
    found = Measured()
    for rule in (_output, _walltime, _cputime, _io_rate, _disk_io, _leak, _memory, _scratch):
        rule(found, jobs, preset, ranks)
    efficiencies = _values(jobs, efficiency)
    if efficiencies:
        median = median_efficiency(jobs)
        found.note("cpuEfficiency", _owners(efficiencies, [float(median or 0)]))
    return found


def efficiency(job: Finished) -> float | None:
    """Return the CPU efficiency of a job, per cent, rounded up; None where a time is not known."""
    if not job.seconds or job.cpuconsumptiontime is None or not job.cores:
        return None
    return math.ceil(job.cpuconsumptiontime / (job.cores * job.seconds) * 100)


def median_efficiency(jobs: Sequence[Finished]) -> int | None:
    """Return the median of the CPU efficiency, per cent; None without such jobs."""
    values = [value for value, _ in _values(jobs, efficiency)]
    return int(statistics.median(values)) if values else None


def percentile(values: Sequence[Value], rank: float) -> tuple[float, list[float]]:
    """Return the percentile of values, linear between two of them, and those two (or one)."""
    ordered = sorted(value for value, _ in values)
    place = (len(ordered) - 1) * rank / 100
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    if math.floor(place) == math.ceil(place):
        return low, [low]
    part = place - math.floor(place)
    return low * (1 - part) + high * part, [low, high]


def _values(jobs: Iterable[Finished], of: Callable[[Finished], float | None]) -> list[Value]:
    return [(value, job.pandaid) for job in jobs if (value := of(job)) is not None]


def _owners(values: Sequence[Value], chosen: Iterable[float]) -> list[int]:
    """Return the first job of each of the chosen values."""
    firsts: dict[float, int] = {}
    for value, job in values:
        firsts.setdefault(value, job)
    return [firsts[value] for value in chosen if value in firsts]


def _output(found: Measured, jobs: Sequence[Finished], preset: Preset, _ranks: Ranks) -> None:
    """Set the output for an event, or for a MB of input, kB."""
    unit = preset.outdiskunit or ""
    by_event = unit.endswith("PerEvent")
    if "Fixed" in unit:
        return

    def of(job: Finished) -> float | None:
        amount = job.events if by_event else job.input_mb
        if job.outputfilebytes is None or job.events < FEW_EVENTS or amount <= 0:
            return None
        return math.ceil(job.outputfilebytes / amount)

    if values := _values(jobs, of):
        size, chosen = percentile(values, 75)
        found.note("outDiskCount", _owners(values, chosen))
        found.columns["outdiskcount"] = int(min(size / KB, MOST_OUTPUT))
        found.columns["outdiskunit"] = "kBPerEvent" if by_event else "kB"


def _walltime(found: Measured, jobs: Sequence[Finished], preset: Preset, _ranks: Ranks) -> None:
    """Set the wall time for a MB of input; a greater one that was asked for stays."""
    found.columns["walltimeunit"] = "kSI2kseconds"
    values = _values(jobs, lambda job: job.cpuconsumptiontime)
    if not values:
        return
    most = max(value for value, _ in values)
    found.note("walltime", _owners(values, [most]))
    size = max(job.input_mb for job in jobs)
    walltime = math.ceil((most if most >= SHORT else 0) / size * MARGIN)
    if preset.walltime is not None and (preset.walltime > walltime or preset.walltime < 0):
        walltime = preset.walltime
    found.columns["walltime"] = min(walltime, MOST_WALLTIME)


def _cputime(found: Measured, jobs: Sequence[Finished], preset: Preset, ranks: Ranks) -> None:
    """Set the CPU time for an event, in HS06 seconds, or thousandths of them below 10."""
    if preset.cputimeunit in HS06_FIXED:
        return

    def of(job: Finished) -> float | None:
        if job.seconds is None:
            return None
        counts = job.is_pseudo or job.events >= FEW_EVENTS * job.cores or job.seconds > LONG
        return hs06_seconds(job, preset) / max(job.events, 1) if counts else None

    if not (values := _values(jobs, of)):
        return
    most, chosen = percentile(values, ranks.cputime)
    found.note("cpuTime", _owners(values, chosen))
    most *= MARGIN
    if most < FEW_EVENTS:
        most *= 1000
        found.columns["cputimeunit"] = "mHS06sPerEvent"
    elif preset.cputimeunit is not None:
        found.columns["cputimeunit"] = "HS06sPerEvent"
    found.columns["cputime"] = math.ceil(most)


def hs06_seconds(job: Finished, preset: Preset) -> float:
    """Return the HS06 seconds of a job, beyond what each job takes whatever its input."""
    seconds = max((job.seconds or 0) - preset.basewalltime, 0)
    return seconds * job.power * job.cores * preset.cpuefficiency / 100


def _io_rate(found: Measured, jobs: Sequence[Finished], _preset: Preset, _ranks: Ranks) -> None:
    """Set the rate of input and output of a core, kB/s."""

    def of(job: Finished) -> float | None:
        if not job.seconds or job.outputfilebytes is None or not job.cores:
            return None
        return (job.input_mb * KB + job.outputfilebytes / KB) / job.seconds / job.cores

    if values := _values(jobs, of):
        most = max(value for value, _ in values)
        found.note("ioIntensity", _owners(values, [most]))
        found.columns |= {"iointensity": math.ceil(most), "iointensityunit": "kBPerS"}


def _disk_io(found: Measured, jobs: Sequence[Finished], _preset: Preset, ranks: Ranks) -> None:
    """Set the disk traffic, kB/s: the average."""

    def of(job: Finished) -> float | None:
        if not job.seconds or job.totrbytes is None or job.totwbytes is None:
            return None
        return (job.totrbytes + job.totwbytes) / job.seconds

    if values := _values(jobs, of):
        average = math.ceil(sum(value for value, _ in values) // len(values))
        if ranks.most_diskio is not None:
            average = min(average, int(ranks.most_diskio))
        found.columns |= {"diskio": average, "diskiounit": "kBPerS"}


def _leak(found: Measured, jobs: Sequence[Finished], _preset: Preset, _ranks: Ranks) -> None:
    """Set the memory that a core leaks, and how well that was fitted: averages."""

    def by_core(job: Finished) -> float | None:
        if job.memory_leak is None or not job.cores:
            return None
        return math.ceil(job.memory_leak / job.cores)

    def fit(job: Finished) -> float | None:
        return None if job.memory_leak_x2 is None else int(job.memory_leak_x2)

    for column, of in (("memory_leak_core", by_core), ("memory_leak_x2", fit)):
        if values := _values(jobs, of):
            found.columns[column] = math.ceil(sum(value for value, _ in values) / len(values))


def _memory(found: Measured, jobs: Sequence[Finished], preset: Preset, ranks: Ranks) -> None:
    """Set the memory of a core, or of a job, MB, with a margin."""
    by_core = preset.ramunit == "MBPerCore"
    if preset.ramunit == "MBPerCoreFixed":
        return

    def of(job: Finished) -> float | None:
        if not job.maxpss or job.maxpss < 0:
            return None if by_core else job.metric("vmPeakMax")
        if not by_core:
            return job.maxpss
        return math.ceil((job.maxpss - preset.baseramcount * KB) / job.cores) if job.cores else None

    if values := _values(jobs, of):
        size, chosen = percentile(values, ranks.memory)
        found.note("ramCount", _owners(values, chosen))
        memory = int(size * (100 + ranks.memory_margin) // 100 / KB)
        memory = 1 if memory < 0 else memory
        found.columns["ramcount"] = int(max(memory, ranks.least_memory or memory))
        found.columns["ramunit"] = "MBPerCore" if by_core else "MB"


def _scratch(found: Measured, jobs: Sequence[Finished], preset: Preset, _ranks: Ranks) -> None:
    """Set the scratch space of a job, MB: the most that one used, or its library."""
    library = preset.library_mb or 0
    sizes = [max((job.metric("workDirSize") or 0) / KB / KB, library) for job in jobs]
    if sizes:
        scratch = max(int(max(sizes)), preset.workdiskcount or 0)
        found.columns |= {"workdiskcount": scratch, "workdiskunit": "MB"}
