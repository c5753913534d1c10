"""The end of a consumer, by the ranges of events that are left: semantics 2.13.

A consumer takes ranges of events of its job set. When it ends, the ranges that nobody has processed
go to a new consumer; when all are processed, a job merges their outputs.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any, NamedTuple

from pandadb.core.events.special_handling import Flag
from pandadb.core.jobs.event_service.given_jobs import has

if TYPE_CHECKING:
    from collections.abc import Mapping

JUDGED_CODES = (111, 112, 124, 126)
"""The `taskbuffererrorcode` of consumers without events, which others have disposed of."""
NOT_SET_UP = ("pending", "defined")
"""States of jobs that no new consumer follows."""
NO_EVENTS_CODES = (117, 118)
LOST = ("pilot_failed", "es_heartbeat")
"""Each `jobsubstatus` of a consumer that has failed, with any events."""
LOST_WITHOUT_EVENTS = "pilot_killed"
IDLE = ("es_noevent", "es_inaction")
ERROR_CODES = ("piloterrorcode", "ddmerrorcode", "superrorcode", "jobdispatchererrorcode")


class Verdict(Enum):
    """The consequence of the ranges of a consumer that has ended."""

    JUDGED = auto()
    """It was judged before, and ends as other jobs do."""
    RETRY = auto()
    MERGE = auto()
    MERGE_IDLE = auto()
    """It is to be merged, and none of it is this consumer's."""
    WAIT = auto()
    INACTION = auto()
    LAST = auto()
    ALL_FAILED = auto()
    NO_EVENT = auto()
    """Others are to try, and this consumer has done nothing."""
    BAD_STATUS = auto()


class Tally(NamedTuple):
    """The ranges of a consumer, after those that it has not processed were put back."""

    done: int
    """Ranges that it has processed."""
    ready: int
    """Ranges of its job set that may be taken."""
    is_worked_on: bool
    """Whether ranges of its files are still being worked on."""
    any_done: bool
    """Whether ranges of its files are done, and not merged yet."""
    hopeless: int
    """Ranges of its files without an attempt left."""
    has_fatal: bool
    """Whether ranges of its job set have failed for good, as is accepted."""
    others: int
    """Other jobs of its job set that live."""


class Ending(NamedTuple):
    """The columns of a job that ends by its events; None leaves the job's own value."""

    jobstatus: str
    jobsubstatus: str | None
    taskbuffererrorcode: int | None
    taskbuffererrordiag: str | None
    """With {new} for the PandaID of the job that follows."""


ENDINGS: Mapping[Verdict, Ending] = {
    Verdict.RETRY: Ending(
        "merging", "es_retry", 111, "Job {new} takes the ranges of events that are left"
    ),
    Verdict.MERGE: Ending("merging", "es_merge", 112, "Job {new} merges its outputs"),
    Verdict.MERGE_IDLE: Ending(
        "closed", "es_merge", 112, "Job {new} merges the outputs of the job set"
    ),
    Verdict.WAIT: Ending(
        "merging", "es_wait", 115, "Other jobs still work on ranges of events of its files"
    ),
    Verdict.INACTION: Ending(
        "closed", "es_inaction", 117, "It processed no event, or had its last attempt"
    ),
    Verdict.LAST: Ending(
        "failed", None, 118, "Events are left, and no job of its job set is to process them"
    ),
    Verdict.ALL_FAILED: Ending("failed", None, 119, "All ranges of events have failed"),
    Verdict.NO_EVENT: Ending(
        "closed", "es_noevent", 123, "It processed no event: job {new} takes those that are left"
    ),
    Verdict.BAD_STATUS: Ending("closed", "es_badstatus", 126, "It was not set up to run"),
}
NO_QUEUE = Ending("failed", None, 125, "Its queue takes no new job of the event service")
NEEDS_ANOTHER = (Verdict.RETRY, Verdict.INACTION, Verdict.NO_EVENT, Verdict.BAD_STATUS)
"""Verdicts that leave events to other jobs: there has to be one."""
RETRIES = (Verdict.RETRY, Verdict.NO_EVENT)
MERGES = (Verdict.MERGE, Verdict.MERGE_IDLE)


def judge(job: Mapping[str, Any], tally: Tally) -> Verdict:
    """Return the verdict on a consumer by its ranges of events."""
    is_processed = tally.ready == 0
    is_complete = is_processed and tally.any_done
    if is_processed and tally.is_worked_on:
        return Verdict.WAIT if tally.done else Verdict.INACTION
    if is_processed and not tally.any_done:
        return Verdict.ALL_FAILED
    is_last_attempt = (job["attemptnr"] or 0) >= (job["maxattempt"] or 0)
    if (is_last_attempt and not is_complete) or (is_processed and tally.hopeless):
        return Verdict.INACTION if tally.others else Verdict.LAST
    return _going_on(job, tally)


def _going_on(job: Mapping[str, Any], tally: Tally) -> Verdict:
    """Return the verdict on a consumer if other jobs can go on with the events."""
    if tally.ready == 0 and tally.done:
        return Verdict.MERGE
    if tally.ready == 0:
        return Verdict.MERGE_IDLE if has(job, Flag.ALL_DONE) else Verdict.INACTION
    if job["jobstatus"] in NOT_SET_UP:
        return Verdict.BAD_STATUS
    return Verdict.RETRY if tally.done else Verdict.NO_EVENT


def ending(verdict: Verdict, tally: Tally, *, has_new: bool) -> Ending:
    """Return the columns of a consumer: without a successor or another job it has failed."""
    usual = ENDINGS[verdict]
    if verdict in NEEDS_ANOTHER and not has_new and not tally.others:
        return NO_QUEUE._replace(jobsubstatus=usual.jobsubstatus)
    if not has_new and verdict in RETRIES:
        text = "Other jobs of its job set take the ranges of events that are left"
        return usual._replace(taskbuffererrordiag=text)
    return usual


def shown(job: Mapping[str, Any], end: Ending, *, is_preempted: bool) -> Ending:
    """Return the state and sub-state that are stored (semantics 2.13).

    The files of its task are accounted for by the state that it had before. `job` has the columns
    that the verb was given.
    """
    before = job["jobsubstatus"]
    stored = end
    if before in LOST or (before == LOST_WITHOUT_EVENTS and end.jobsubstatus in IDLE):
        stored = end._replace(jobstatus="failed", jobsubstatus=before)
        if is_preempted and before != "pilot_failed":
            stored = end._replace(jobstatus="closed", jobsubstatus="es_preempted")
    if end.taskbuffererrorcode not in NO_EVENTS_CODES:
        return stored
    if end.jobstatus in ("failed", "closed") and (job["nevents"] or 0) > 0:
        kept = "es_toolong" if before == "es_toolong" else "es_wait"
        return end._replace(jobstatus="merging", jobsubstatus=kept)
    is_clean = not any(job[name] for name in ERROR_CODES)
    if end.jobstatus == "failed" and (before == "pilot_noevents" or is_clean):
        return end._replace(jobstatus="closed", jobsubstatus=before)
    return stored
