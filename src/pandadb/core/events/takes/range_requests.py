"""Requests of jobs for ranges of events: the ranges for each, or the reason against it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pandadb.core.events.kinds import JobKind
from pandadb.core.events.refusals import RangeRefusal, RangeRefusalReason
from pandadb.core.events.special_handling import Flag, has
from pandadb.core.events.takes.take_statement import Pool, Taker
from pandadb.core.sql.validation import InvalidValue, check_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Job = Mapping[str, Any]

RUNNING = ("sent", "starting", "running")
"""States of jobs that take ranges."""
COMMAND = "tobekilled"
SAMPLES_JOBSET = 0
"""The PandaID of samples of hyperparameters that no job has."""
MOST_RANGES = 100_000
"""The most ranges of a request."""


@dataclass(frozen=True)
class RangeRequest:
    """A job that asks for ranges."""

    pandaid: int
    ranges: int = 8
    """The most that it is given."""
    jobset: int | None = None
    """The job set of the ranges; None for its own. Not for jumbo jobs."""
    segment: int | None = None
    """The dataset of the ranges, for tasks whose job sets have several."""
    scattered: bool = False
    """Whether a jumbo job takes ranges from anywhere in its task, or file after file."""


def _of_state(pandaid: int, job: Job | None) -> RangeRefusal | None:
    if job is None:
        return RangeRefusal(RangeRefusalReason.UNKNOWN, f"Job {pandaid} is not active")
    if job["jobstatus"] not in RUNNING:
        state = f"Job {pandaid} is {job['jobstatus']}"
        words = f"{state}: it takes ranges of events when it is {', '.join(RUNNING)}"
        return RangeRefusal(RangeRefusalReason.STATE, words)
    if job["commandtopilot"] == COMMAND:
        return RangeRefusal(RangeRefusalReason.COMMAND, f"Job {pandaid} is to be killed")
    return None


def refusal(one: RangeRequest, job: Job | None) -> RangeRefusal | None:
    """Return why a job may take no range, or None."""
    if found := _of_state(one.pandaid, job):
        return found
    if job and _has_no_ranges(one, job):
        words = f"Job {one.pandaid} is of no job set that has ranges of events"
        return RangeRefusal(RangeRefusalReason.NO_JOB_SET, words)
    return None


def _has_no_ranges(one: RangeRequest, job: Job) -> bool:
    is_lone = _jobset(one, job) is None and not _is_jumbo(job)
    return is_lone or job["jeditaskid"] is None


def check(requests: Sequence[RangeRequest]) -> None:
    """See that requests are well-formed, and of different jobs.

    Raises:
        InvalidValue: One is not.
    """
    seen: set[int] = set()
    for one in requests:
        check_number("pandaid", one.pandaid, 1, 2**63 - 1)
        check_number("ranges", one.ranges, 1, MOST_RANGES)
        for name in ("jobset", "segment"):
            if (value := getattr(one, name)) is not None:
                check_number(name, value, 0, 2**63 - 1)
        if one.pandaid in seen:
            raise InvalidValue(f"job {one.pandaid} asks for ranges twice")
        seen.add(one.pandaid)


def _is_jumbo(job: Job) -> bool:
    return bool(job["eventservice"] == JobKind.JUMBO)


def _jobset(one: RangeRequest, job: Job) -> int | None:
    """Return the job set of a job: its own, but for samples of hyperparameters."""
    if one.jobset is not None:
        return one.jobset
    if has(job["specialhandling"], Flag.SAMPLES):
        return SAMPLES_JOBSET
    jobset: int | None = job["jobsetid"]
    return jobset


def _pool(one: RangeRequest, job: Job) -> Pool:
    if _is_jumbo(job):
        return Pool.SCATTERED if one.scattered else Pool.TASK
    return Pool.JOBSET if one.segment is None else Pool.SEGMENT


def _taker(one: RangeRequest, job: Job) -> Taker:
    jobset, segment = _jobset(one, job) or 0, one.segment or 0
    return Taker(one.pandaid, job["jeditaskid"], jobset, segment, one.ranges)


def pools_of(requests: Sequence[RangeRequest], jobs: Mapping[int, Job]) -> dict[Pool, list[Taker]]:
    """Return the jobs that take ranges of each pool; those without one are left out."""
    pools: defaultdict[Pool, list[Taker]] = defaultdict(list)
    for one in requests:
        job = jobs.get(one.pandaid)
        if job and not _has_no_ranges(one, job):
            pools[_pool(one, job)].append(_taker(one, job))
    return pools
