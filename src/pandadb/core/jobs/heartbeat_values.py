"""Validation of heartbeats value by value: a malformed value costs no other value and no other job.

A value that does not fit its column is dropped and the rest is kept: a job without heartbeats is
lost. A heartbeat that has no meaning without the malformed part is refused: an unknown state, a
report that cannot be stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import Numeric, String

from pandadb.core.jobs.creation import job_input
from pandadb.core.jobs.states import RUNS, SET_BY_MOVER
from pandadb.core.sql.validation import (
    InvalidValue,
    check_columns,
    mistake_in,
    mistake_in_text,
    shown,
)
from pandadb.models import JobsActive4

if TYPE_CHECKING:
    from pandadb.core.jobs.heartbeats import Heartbeat

REPORTS = ("finished", "failed")
"""States that a pilot reports at the end: the job is holding until its report is processed."""
REPORTED_STATES = (*RUNS, "holding", "transferring", *REPORTS)
NOT_REPORTABLE = (*SET_BY_MOVER, "attemptnr")
"""Columns that a heartbeat sets itself, or goes by."""

COLUMNS = JobsActive4.__table__.columns
WIDTHS = {c.name: c.type.length for c in COLUMNS if isinstance(c.type, String) and c.type.length}
TRUNCATED_COLUMNS = (
    *(name for name in WIDTHS if name.endswith("diag")), "batchid", "cpu_architecture_level",
    "destinationsite", "grid", "jobmetrics", "jobsubstatus", "modificationhost", "pilotid",
    "pilottiming", "sourcesite",
)  # fmt: skip
"""Texts that are cut to their column's width, as PanDA's server does; others are left out."""
DECIMALS = {column.name for column in COLUMNS if isinstance(column.type, Numeric)}

METRIC_NUMBER = r"(-?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?)(?![\w.])"
LEAK, LEAK_X2 = re.compile(rf"\bleak={METRIC_NUMBER}"), re.compile(rf"\bchi2={METRIC_NUMBER}")
LARGEST = 10**11 - 1


@dataclass(frozen=True)
class Checked:
    """A heartbeat, with the valid ones of its values."""

    said: Heartbeat
    refused: str | None = None
    """Why nothing of it can be taken, as a sentence."""
    left_out: tuple[str, ...] = ()
    """The dropped values, as a sentence about each column."""
    is_of_a_job: bool = True
    """Whether there can be a job of that PandaID."""


def check_call(beats: Iterable[Heartbeat], kind: type[Heartbeat], host: str) -> list[Heartbeat]:
    """Return the heartbeats of a call, if they are heartbeats of something.

    Raises:
        InvalidValue: They are not, so that there is nothing that an answer could be about.
    """
    if not isinstance(beats, Iterable) or isinstance(beats, str | bytes | Mapping):
        raise InvalidValue(f"Heartbeats have to be a list of Heartbeat, not {shown(beats)}")
    found = [*beats]
    for number, one in enumerate(found, start=1):
        if not isinstance(one, kind):
            raise InvalidValue(f"heartbeat {number} has to be a Heartbeat, not {shown(one)}")
        try:
            hash(one.pandaid)
        except TypeError:
            mistake = mistake_in(JobsActive4, "pandaid", one.pandaid)
            raise InvalidValue(f"heartbeat {number}: {mistake}") from None
    check_columns(JobsActive4, {"modificationhost": host[:128] if isinstance(host, str) else host})
    return found


def checked(one: Heartbeat) -> Checked:
    """Validate each value of a heartbeat; return the valid ones."""
    if why := mistake_in(JobsActive4, "pandaid", one.pandaid):
        return Checked(one, why, is_of_a_job=False)
    if why := _refusal(one):
        return Checked(one, why)
    values: dict[str, Any] = {}
    left_out = []
    for name, value in one.values.items():
        given = (
            value[: WIDTHS[name]] if name in TRUNCATED_COLUMNS and isinstance(value, str) else value
        )
        if mistake := _mistake(name, given):
            left_out.append(mistake)
        else:
            values[name] = _plain(name, given)
    metadata = one.metadata
    if metadata is not None and (mistake := mistake_in_text("metadata", metadata)):
        left_out.append(mistake)
        metadata = None
    values |= leak(values.get("jobmetrics"))
    return Checked(replace(one, values=values, metadata=metadata), None, tuple(left_out))


def leak(jobmetrics: str | None) -> dict[str, Any]:
    """Return the columns of a memory leak from the measurements; other text is NULL."""
    slope, fit = (_number(pattern.search(jobmetrics or "")) for pattern in (LEAK, LEAK_X2))
    return {
        **({} if slope is None else {"memory_leak": int(slope)}),
        **({} if fit is None else {"memory_leak_x2": Decimal(repr(fit))}),
    }


def _number(found: re.Match[str] | None) -> float | None:
    return None if found is None else max(-LARGEST, min(float(found[1]), LARGEST))


def _refusal(one: Heartbeat) -> str | None:
    """Return why a heartbeat cannot be taken at all, or None."""
    try:
        job_input.check(job_input.Report, one)
    except InvalidValue as why:
        return str(why)
    if one.jobstatus not in REPORTED_STATES:
        return f"a pilot says {', '.join(REPORTED_STATES)}, not {shown(one.jobstatus)}"
    return None if one.attemptnr is None else mistake_in(JobsActive4, "attemptnr", one.attemptnr)


def _mistake(name: str, value: Any) -> str | None:
    if name in NOT_REPORTABLE:
        return f"{name} is set by the heartbeat itself, and cannot be among its values"
    return mistake_in(JobsActive4, name, value)


def _plain(name: str, value: Any) -> Any:
    """Return a value as one type for a column: it is sent in an array with those of other jobs."""
    if value is None or value.__class__ in {str, datetime}:
        return value
    if name in DECIMALS:
        return Decimal(repr(float(value)) if isinstance(value, float) else value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, datetime):
        return datetime.combine(value.date(), value.time())
    return int(value)
