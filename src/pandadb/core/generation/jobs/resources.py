"""Cores, memory, walltime and disk of generated jobs: job generation 3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pandadb.core.generation.job_request import NotGenerated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.generation.job_request import JobRequest
    from pandadb.core.generation.slices import Row, Slice

MB = 1024 * 1024
UNITS = {"kB": 1024, "MB": MB, "GB": 1024 * MB}
MEMORY_PART = 0.9
"""Part of the memory that is asked for, as queues are somewhat generous."""
MERGE_MEMORY, LIBRARY_MEMORY = 2000, 2000
"""MB: of a merge job if nothing else is said, and of a build for each core."""
SCRATCH_MARGIN = 300 * MB
MERGE_SCRATCH = 500 * MB
MERGE_GROWTH = 1.2
"""Size of merged files, over that of their inputs."""
HS06_UNITS = ("HS06sPerEvent", "HS06sPerEventFixed", "mHS06sPerEvent", "mHS06sPerEventFixed")
PER_CORE = ("MBPerCore", "MBPerCoreFixed")


@dataclass(frozen=True)
class InputSums:
    """Sums over the input of a job."""

    megabytes: float
    """Of the master's files, by their ranges of events; files without a size count 1 MB."""
    events: int
    """Of the master's files."""
    bytes: int
    """Of all files that are not cached."""


def fact(facts: Mapping[str, Any], name: str) -> float:
    """Return a number of a queue's configuration; 0 for none.

    Raises:
        NotGenerated: It is no number.
    """
    try:
        return float(facts.get(name) or 0)
    except (TypeError, ValueError):
        raise NotGenerated(
            f"{name} of queue {facts.get('nickname')} is no number: {facts.get(name)!r}"
        ) from None


def is_read_directly(request: JobRequest, facts: Mapping[str, Any]) -> bool:
    """Return whether the jobs of a queue read their input without copying it first."""
    if request.is_merging:
        return False
    if fact(facts, "maxinputsize") == -1:
        return True
    return not request.number("useLocalIO") and reads_over_lan(request, facts)


def reads_over_lan(request: JobRequest, facts: Mapping[str, Any]) -> bool:
    """Return whether the task allows direct reading, and the queue does it."""
    return request.has("allowInputLAN") and facts.get("direct_access_lan") is True


def sums(one: Slice) -> InputSums:
    """Return the sums over the input of a job."""
    (_, masters), *_ = one.inputs
    files = [file for _, files in one.inputs for file in files]
    cached = one.queue.locality == "cache"
    return InputSums(
        megabytes=sum(map(_megabytes, masters)),
        events=sum(map(_events, masters)),
        bytes=0 if cached else sum(file["fsize"] or 0 for file in files),
    )


def _megabytes(file: Row) -> float:
    size, events = file["fsize"], file["nevents"]
    start, end = file["startevent"], file["endevent"]
    if size and events and start is not None and end is not None:
        size = int(size * (end - start + 1) / events)
    return (size or MB) / MB


def _events(file: Row) -> int:
    if file["startevent"] is not None and file["endevent"] is not None:
        return max(int(file["endevent"] - file["startevent"] + 1), 1)
    return int(file["nevents"]) if (file["nevents"] or 0) > 0 else 1


def cores(request: JobRequest, facts: Mapping[str, Any]) -> int | None:
    """Return the cores of a job: the queue's, unless the task has one; -1 leaves it to the task."""
    task, of_queue = request.task, int(fact(facts, "corecount"))
    if request.is_merging and task["mergecorecount"] is not None:
        return int(task["mergecorecount"])
    if task["corecount"] == 1 or not of_queue:
        return 1
    return task["corecount"] if of_queue == -1 else of_queue


def memory(request: JobRequest, ncores: int) -> tuple[int, str]:
    """Return the memory of a job with its unit, MB as a rule.

    A base that is NULL is 0.
    """
    task, chunk = request.task, request.chunk
    if request.is_merging:
        limits = (task["mergeramcount"], chunk.ramcount, MERGE_MEMORY)
        asked = max(limits) if task["mergeramcount"] else chunk.ramcount
        return int((asked or 0) * MEMORY_PART), "MB"
    asked = max(task["ramcount"] or 0, chunk.ramcount or 0)
    unit = task["ramunit"] or "MB"
    if unit in PER_CORE:
        asked = asked * ncores + (task["baseramcount"] or 0)
        unit = unit.partition("PerCore")[0]
    return int(asked * MEMORY_PART), unit


def walltimes(request: JobRequest, facts: Mapping[str, Any], found: InputSums) -> dict[str, int]:
    """Return the limits of walltime and CPU time of a job in seconds."""
    if request.is_merging:
        return fixed_walltimes(
            request, facts, f"MERGE_JOB_MAX_WALLTIME_{request.task['prodsourcelabel']}"
        )
    task = request.task
    if task["cputime"] is None or task["cputimeunit"] not in HS06_UNITS:
        limit = int(fact(facts, "maxtime"))
        return {"maxwalltime": limit, "maxcpucount": limit}
    seconds = float(task["cputime"]) / (1000 if task["cputimeunit"].startswith("m") else 1)
    if seconds > 0:
        ncores, power = fact(facts, "corecount"), fact(facts, "corepower")
        seconds = seconds * found.events / (ncores if ncores > 0 else 1) / (power or 1)
    seconds /= (task["cpuefficiency"] or 100) / 100
    limit = int(seconds + (task["basewalltime"] or 0))
    return {"maxwalltime": limit, "maxcpucount": limit}


def fixed_walltimes(request: JobRequest, facts: Mapping[str, Any], key: str) -> dict[str, int]:
    """Return the limits of jobs whose time does not go by events: the queue's, or of CONFIG."""
    hours = request.settings.get(("jobgen", key))
    if hours is None:
        return {"maxwalltime": int(fact(facts, "maxtime")), "maxcpucount": 0}
    limit = int(hours) * 3600
    return {"maxwalltime": limit + (request.task["basewalltime"] or 0), "maxcpucount": limit}


def disk(request: JobRequest, facts: Mapping[str, Any], found: InputSums) -> int:
    """Return the work space of a job in MB: output, scratch, and input that is copied."""
    scratch = scratch_bytes(request.task)
    if request.is_merging:
        needed = MERGE_GROWTH * found.bytes + max(scratch, MERGE_SCRATCH)
    else:
        scales = "PerEvent" in (request.task["outdiskunit"] or "")
        amount = found.events if scales else found.megabytes
        needed = output_bytes(request.task) * amount + scratch
    if not is_read_directly(request, facts):
        needed += found.bytes
    limit = int(fact(facts, "maxwdir"))
    return min(int(needed / MB), limit) if limit else int(needed / MB)


def output_bytes(task: Row) -> int:
    """Return the bytes of output for each MB or event of input."""
    count = max(task["outdiskcount"] or 0, 0)
    unit = (task["outdiskunit"] or "")[:2]
    return int(count * UNITS.get(unit, 1))


def scratch_bytes(task: Row) -> int:
    """Return the bytes that a job needs beside input and output."""
    if task["workdiskcount"] is None:
        return 0
    return int(task["workdiskcount"] * UNITS.get(task["workdiskunit"], 1)) + SCRATCH_MARGIN


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


def power(facts: Mapping[str, Any], ncores: int | None) -> int | None:
    """Return the HS06 that a job occupies; None where the queue has no power."""
    each = fact(facts, "corepower")
    return int(each * (ncores or 1) + 0.5) if each else None


def largest_attempt(files: Sequence[Row]) -> int:
    """Return the attempt of a job with these files of the master."""
    return max((file["attemptnr"] or 0 for file in files), default=0) + 1
