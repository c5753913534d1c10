"""Ranges of events taken by jobs: no range by two; semantics 2.13."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pandadb.core.events import job_locks, take_statement
from pandadb.core.events.kinds import JobKind
from pandadb.core.events.range_ids import RangeID
from pandadb.core.events.refusals import RangeRefusal, RangeRefusalReason
from pandadb.core.events.special_handling import Flag, has
from pandadb.core.events.take_statement import Pool, Taker
from pandadb.core.sql.validation import InvalidValue, check_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.sql.transaction import Transaction

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
    """The job set whose ranges it takes; None for its own. Not for jumbo jobs."""
    segment: int | None = None
    """The dataset of the ranges, for tasks whose job sets have several."""
    scattered: bool = False
    """Whether a jumbo job takes ranges from anywhere in its task, or file after file."""


@dataclass(frozen=True)
class TakenRange:
    """A range that a job has just taken."""

    id: RangeID
    start: int | None
    """The first event."""
    last: int | None
    lfn: str | None
    """The name of the file; None for a sample of hyperparameters."""
    guid: str | None
    scope: str | None


@dataclass
class TakenRanges:
    """The ranges that jobs have taken."""

    ranges: dict[int, list[TakenRange]] = field(default_factory=dict)
    """By PandaID, in the order of files and events; fewer than asked for if no more are left."""
    refused: dict[int, RangeRefusal] = field(default_factory=dict)
    exhausted: list[int] = field(default_factory=list)
    """Jobs whose job sets have no range left to take: other jobs of these wait for nothing."""


def take(session: Transaction, requests: Sequence[RangeRequest]) -> TakenRanges:
    """Let jobs that run take ranges that are ready, in turns by PandaID.

    The PandaID of a range becomes the job's. Rows that another transaction changes are left out:
    the locks of `job_locks` see to it that these are of no other taker.

    Raises:
        InvalidValue: A request is malformed, or there are two of one job.
    """
    _check(requests)
    taken = TakenRanges()
    pandaids = [one.pandaid for one in requests]
    job_locks.lock_datasets(session, pandaids)
    jobs = job_locks.lock_jobs(session, pandaids)
    pools: defaultdict[Pool, list[Taker]] = defaultdict(list)
    for one in requests:
        job = jobs.get(one.pandaid)
        if refusal := _refusal(one, job):
            taken.refused[one.pandaid] = refusal
        elif job:
            pools[_pool(one, job)].append(_taker(one, job))
    own = [one.pandaid for pool in (Pool.JOBSET, Pool.SEGMENT) for one in pools[pool]]
    job_locks.lock_files(session, own)
    for pool in Pool:
        _take(session, pool, pools[pool], taken)
    return taken


def refusal_of(pandaid: int, job: Mapping[str, Any] | None) -> RangeRefusal | None:
    """Return why a job may take no range, or None."""
    if job is None:
        return RangeRefusal(RangeRefusalReason.UNKNOWN, f"Job {pandaid} is not active")
    if job["jobstatus"] not in RUNNING:
        state = f"Job {pandaid} is {job['jobstatus']}"
        words = f"{state}: it takes ranges of events when it is {', '.join(RUNNING)}"
        return RangeRefusal(RangeRefusalReason.STATE, words)
    if job["commandtopilot"] == COMMAND:
        return RangeRefusal(RangeRefusalReason.COMMAND, f"Job {pandaid} is to be killed")
    return None


def _refusal(one: RangeRequest, job: Mapping[str, Any] | None) -> RangeRefusal | None:
    if refusal := refusal_of(one.pandaid, job):
        return refusal
    if job and _has_no_ranges(one, job):
        words = f"Job {one.pandaid} is of no job set that has ranges of events"
        return RangeRefusal(RangeRefusalReason.NO_JOB_SET, words)
    return None


def _has_no_ranges(one: RangeRequest, job: Mapping[str, Any]) -> bool:
    is_lone = _jobset(one, job) is None and not _is_jumbo(job)
    return is_lone or job["jeditaskid"] is None


def _check(requests: Sequence[RangeRequest]) -> None:
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


def _is_jumbo(job: Mapping[str, Any]) -> bool:
    return bool(job["eventservice"] == JobKind.JUMBO)


def _jobset(one: RangeRequest, job: Mapping[str, Any]) -> int | None:
    """Return the job set of a job: its own, but for samples of hyperparameters."""
    if one.jobset is not None:
        return one.jobset
    if has(job["specialhandling"], Flag.SAMPLES):
        return SAMPLES_JOBSET
    jobset: int | None = job["jobsetid"]
    return jobset


def _pool(one: RangeRequest, job: Mapping[str, Any]) -> Pool:
    if _is_jumbo(job):
        return Pool.SCATTERED if one.scattered else Pool.TASK
    return Pool.JOBSET if one.segment is None else Pool.SEGMENT


def _taker(one: RangeRequest, job: Mapping[str, Any]) -> Taker:
    jobset, segment = _jobset(one, job) or 0, one.segment or 0
    return Taker(one.pandaid, job["jeditaskid"], jobset, segment, one.ranges)


def _take(session: Transaction, pool: Pool, takers: Sequence[Taker], taken: TakenRanges) -> None:
    if not takers:
        return
    given: dict[str, Any] = {
        f"{name}s": [*values]
        for name, values in zip(Taker._fields, zip(*takers, strict=True), strict=True)
    }
    for one in takers:
        taken.ranges[one.pandaid] = []
    for row in session.execute(take_statement.taking(pool), given):
        job, task, file, number, attempt, *rest = row
        taken.ranges[job].append(TakenRange(RangeID(task, job, file, number, attempt), *rest))
    if pool is Pool.JOBSET:
        taken.exhausted += session.scalars(take_statement.exhausted(), given)
