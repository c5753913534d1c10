"""Checks of new jobs: a value that the database or a worker could not take is refused by name."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pandadb.core.sql.validation import InvalidValue, check_number, check_text, mistake_in, shown
from pandadb.models import JobControl, JobsDefined4

if TYPE_CHECKING:
    from pandadb.core.queue.input.new_jobs import NewQueueJob

MAX_SECONDS = 366 * 24 * 3600
MAX_ATTEMPTS = 1000
PRIORITIES = (-(2**31), 2**31 - 1)
YEARS = (1970, 9998)
COLUMNS = {
    "queue": (JobControl, "queue"),
    "name": (JobsDefined4, "jobname"),
    "group": (JobControl, "group_key"),
    "dedupe_key": (JobControl, "dedupe_key"),
    "username": (JobsDefined4, "produsername"),
}
"""Fields that are columns, of the table where fewer characters fit."""

OF_QUEUE = {
    "attemptnr": None,
    "assignedpriority": "priority",
    "computingsite": "queue",
    "currentpriority": "priority",
    "jeditaskid": "flow",
    "jobstatus": None,
    "lockedby": None,
    "maxattempt": "max_attempts",
    "pandaid": None,
}
"""Columns of PanDA that the queue sets, each with the field to set instead, if there is one."""


def check(job: NewQueueJob) -> None:
    """Check the values of a new job.

    Raises:
        InvalidValue: One has another type, or is beyond its limits.
    """
    for field, (table, column) in COLUMNS.items():
        value = getattr(job, field)
        is_needed = field == "queue"
        if (is_needed or value is not None) and (mistake := mistake_in(table, column, value)):
            raise InvalidValue(mistake.replace(column, field, 1))
    _check_payload(job)
    _check_numbers(job)
    _check_parents(job.parents)
    _check_columns(job.columns)
    for name in ("metadata", "resources", "exec_config"):
        _check_json(name, getattr(job, name))
    if job.metadata is not None:
        _check_mapping("metadata", job.metadata)
    if job.resources is not None:
        _check_mapping("resources", job.resources)


def _check_payload(job: NewQueueJob) -> None:
    if job.argv is not None:
        if isinstance(job.argv, str) or not isinstance(job.argv, Sequence):
            raise InvalidValue(f"argv has to be a list of words, not {shown(job.argv)}")
        for word in job.argv:
            check_text("argv", word)
    if job.handler is not None:
        check_text("handler", job.handler)
        if not job.handler:
            raise InvalidValue("handler is empty: it needs the name of a function")
    for name in ("stderr_is_failure", "failure_is_final"):
        if not isinstance(getattr(job, name), bool):
            raise InvalidValue(f"{name} has to be true or false, not {shown(getattr(job, name))}")
    _check_mapping("arguments", job.arguments)
    _check_json("arguments", job.arguments)
    for name in ("env", "inputs"):
        _check_texts(name, getattr(job, name))
    for key in job.env:
        if not key or "=" in key:
            raise InvalidValue(f"env cannot have a variable {shown(key)}")


def _check_numbers(job: NewQueueJob) -> None:
    check_number("max_attempts", job.max_attempts, 1, MAX_ATTEMPTS)
    check_number("backoff", job.backoff, 0, MAX_SECONDS)
    check_number("backoff_limit", job.backoff_limit, 0, MAX_SECONDS)
    if job.priority is not None:
        check_number("priority", job.priority, *PRIORITIES)
    if job.timeout is not None:
        _check_seconds("timeout", job.timeout)
        if not job.timeout:
            raise InvalidValue("timeout has to be above 0")
    _check_seconds("delay", job.delay)
    if job.run_after is None:
        return
    if not isinstance(job.run_after, datetime) or job.run_after.tzinfo is not None:
        raise InvalidValue(f"run_after has to be a naive time in UTC, not {shown(job.run_after)}")
    if not YEARS[0] <= job.run_after.year <= YEARS[1]:
        raise InvalidValue(f"run_after has to be in the years {YEARS[0]} to {YEARS[1]}")


def _check_seconds(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValue(f"{name} has to be a number of seconds, not {shown(value)}")
    if not (math.isfinite(value) and 0 <= value <= MAX_SECONDS):
        raise InvalidValue(f"{name} has to be from 0 to {MAX_SECONDS:,} seconds, not {value}")


def _check_parents(parents: Any) -> None:
    if isinstance(parents, str) or not isinstance(parents, Sequence):
        raise InvalidValue(f"parents has to be a list of names and PandaIDs, not {shown(parents)}")
    for one in parents:
        if isinstance(one, str):
            check_text("parents", one)
        else:
            check_number("parents", one, 1, 2**63 - 1)


def _check_columns(columns: Any) -> None:
    _check_mapping("columns", columns)
    for name in columns:
        if name.lower() in OF_QUEUE:
            instead = OF_QUEUE[name.lower()]
            words = f": set {instead}" if instead else ""
            raise InvalidValue(f"columns cannot have {name}, which the queue sets itself{words}")


def _check_mapping(name: str, value: Any) -> None:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InvalidValue(f"{name} has to be values by their names, not {shown(value)}")


def _check_texts(name: str, value: Any) -> None:
    _check_mapping(name, value)
    for key, word in value.items():
        check_text(name, key)
        check_text(f"{name} {key}", word)


def _check_json(name: str, value: Any) -> None:
    """See that JSON has a value, and that the database can take its texts."""
    if value is None:
        return
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidValue(f"{name} has to be what JSON has: {error}") from None
    if "\\u0000" in text:
        raise InvalidValue(f"{name} has a NUL character")
