"""Cores, memory, walltime and disk of generated jobs: job generation 3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.core.generation import file_events
from pandadb.core.generation.splitting import sizes
from pandadb.core.shares.resource_types import MEMORY_COMPENSATION, PER_CORE
from pandadb.core.tasks.ending.scout_verdicts import HS06_UNITS

if TYPE_CHECKING:
    from pandadb.core.generation.job_request import JobRequest
    from pandadb.core.generation.slices import Slice
    from pandadb.core.generation.splitting.queue_facts import QueueFacts

MERGE_MEMORY, LIBRARY_MEMORY = 2000, 2000
"""MB: of a merge job if nothing else is said, and of a build for each core."""


@dataclass(frozen=True)
class InputSums:
    """Sums over the input of a job."""

    megabytes: float
    """Of the master's files, by their ranges of events; files without a size count 1 MB."""
    events: int
    """Of the master's files."""
    bytes: int
    """Of all files that are not cached."""


def is_read_directly(request: JobRequest, facts: QueueFacts) -> bool:
    """Return whether the jobs of a queue read their input without copying it first."""
    if request.is_merging:
        return False
    return facts.always_reads_directly or (
        not request.number("useLocalIO") and reads_over_lan(request, facts)
    )


def reads_over_lan(request: JobRequest, facts: QueueFacts) -> bool:
    """Return whether the task allows direct reading, and the queue does it."""
    return request.has("allowInputLAN") and facts.reads_directly


def sums(one: Slice) -> InputSums:
    """Return the sums over the input of a job."""
    (_, masters), *_ = one.inputs
    files = [file for _, files in one.inputs for file in files]
    cached = one.queue.locality == "cache"
    return InputSums(
        megabytes=sum(map(sizes.effective_mb, masters)),
        events=sum(map(file_events.events_of, masters)),
        bytes=0 if cached else sum(map(sizes.bytes_of, files)),
    )


def cores(request: JobRequest, facts: QueueFacts) -> int:
    """Return the cores of a job: the queue's, unless the task has one; -1 leaves it to the task."""
    task = request.task
    if request.is_merging and task["mergecorecount"] is not None:
        return int(task["mergecorecount"])
    if task["corecount"] == 1:
        return 1
    return int(task["corecount"] or 1) if facts.cores < 0 else facts.cores


def memory(request: JobRequest, ncores: int) -> tuple[int, str]:
    """Return the memory of a job with its unit, MB as a rule.

    A base that is NULL is 0.
    """
    task, chunk = request.task, request.chunk
    if request.is_merging:
        limits = (task["mergeramcount"], chunk.ramcount, MERGE_MEMORY)
        asked = max(limits) if task["mergeramcount"] else chunk.ramcount
        return int((asked or 0) * MEMORY_COMPENSATION), "MB"
    asked = max(task["ramcount"] or 0, chunk.ramcount or 0)
    unit = task["ramunit"] or "MB"
    if unit in PER_CORE:
        asked = asked * ncores + (task["baseramcount"] or 0)
        unit = unit.partition("PerCore")[0]
    return int(asked * MEMORY_COMPENSATION), unit


def walltimes(request: JobRequest, facts: QueueFacts, found: InputSums) -> dict[str, int]:
    """Return the limits of walltime and CPU time of a job in seconds."""
    task = request.task
    if request.is_merging:
        key = f"MERGE_JOB_MAX_WALLTIME_{task['prodsourcelabel']}"
        return fixed_walltimes(request, facts, key)
    if task["cputime"] is None or task["cputimeunit"] not in HS06_UNITS:
        return {"maxwalltime": facts.walltime, "maxcpucount": facts.walltime}
    seconds = float(task["cputime"]) / (1000 if task["cputimeunit"].startswith("m") else 1)
    if seconds > 0:
        seconds = seconds * found.events / max(facts.cores, 1) / (facts.power or 1)
    seconds /= (task["cpuefficiency"] or 100) / 100
    limit = int(seconds + (task["basewalltime"] or 0))
    return {"maxwalltime": limit, "maxcpucount": limit}


def fixed_walltimes(request: JobRequest, facts: QueueFacts, key: str) -> dict[str, int]:
    """Return the limits of jobs whose time does not go by events: the queue's, or of CONFIG."""
    hours = request.settings.number(key)
    if hours is None:
        return {"maxwalltime": facts.walltime, "maxcpucount": 0}
    limit = int(hours * 3600)
    return {"maxwalltime": limit + (request.task["basewalltime"] or 0), "maxcpucount": limit}


def disk(request: JobRequest, facts: QueueFacts, found: InputSums) -> int:
    """Return the work space of a job in MB: output, scratch, and input that is copied."""
    needed: float = sizes.scratch_size(request.task, is_merging=request.is_merging)
    if request.is_merging:
        needed += sizes.MERGE_GROWTH * found.bytes
    else:
        output = sizes.output_size(request.task)
        needed += output.per_mb * found.megabytes + output.per_event * found.events
    if not is_read_directly(request, facts):
        needed += found.bytes
    mb, limit = int(needed / sizes.MB), facts.space // sizes.MB
    return min(mb, limit) if limit else mb


def retry_memory(request: JobRequest, current: int) -> int | None:
    """Return the memory of another attempt in MB (RX, RY, RZ); None without these rules."""
    offset = request.number("retryRamOffset")
    if offset is None:
        return None
    if not current:
        return current
    step, limit = request.number("retryRamStep"), request.number("retryRamMax")
    if current < offset:
        more = offset
    elif not step:
        return current
    else:
        more = offset - (offset - current) // step * step
    return more if limit is None else min(more, limit)


def power(facts: QueueFacts, ncores: int) -> int | None:
    """Return the HS06 that a job occupies; None where the queue has no power."""
    return int(facts.power * (ncores or 1) + 0.5) if facts.power else None
