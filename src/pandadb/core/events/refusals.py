"""Refusals of requests and reports of jobs on ranges of events."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RangeRefusalReason(StrEnum):
    """Why a request of a job for ranges, or a report on a range, was refused."""

    UNKNOWN = "unknown"
    """The job is not active, or has no such range."""
    STATE = "wrong state"
    """Of the job, or of the range."""
    COMMAND = "to be killed"
    NO_JOB_SET = "no job set"
    ATTEMPT = "other attempt"
    """The range is at another attempt."""
    INVALID = "invalid"
    """The report is malformed."""


@dataclass(frozen=True)
class RangeRefusal:
    """A request or a report that was refused; nothing was changed for it."""

    reason: RangeRefusalReason
    sentence: str
