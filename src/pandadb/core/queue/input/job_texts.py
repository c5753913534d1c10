"""New jobs from JSON: an object for each, with the fields of `NewQueueJob`."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from pandadb.core.queue.new_jobs import NewQueueJob
from pandadb.core.sql.validation import InvalidValue, near, shown

FIELDS = tuple(field.name for field in fields(NewQueueJob))


def read_jobs(text: str, **defaults: Any) -> list[NewQueueJob]:
    """Return the jobs of a JSON text: an array of objects, or a single one.

    A time has the form of ISO 8601; without an offset it is UTC. `defaults` are the fields that an
    object lacks.

    Raises:
        InvalidValue: It is no JSON, or a job cannot be; the sentence has the number of the job.
    """
    given = _parsed(text)
    jobs = [given] if isinstance(given, dict) else given
    if not isinstance(jobs, list):
        raise InvalidValue(f"Jobs have to be an array of objects, not {shown(given)}")
    return [_read(one, number, defaults) for number, one in enumerate(jobs, start=1)]


def read_arguments(text: str) -> dict[str, Any]:
    """Return the keyword arguments of a handler, from a JSON object.

    Raises:
        InvalidValue: It is none.
    """
    given = _parsed(text)
    if not isinstance(given, dict):
        raise InvalidValue(f"Arguments have to be a JSON object, not {shown(given)}")
    return given


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidValue(f"This is no JSON: {error}") from None


def _read(given: Any, number: int, defaults: dict[str, Any]) -> NewQueueJob:
    try:
        return NewQueueJob(**_values(given, defaults))
    except InvalidValue as error:
        raise InvalidValue(f"Job number {number}: {error}") from None


def _values(given: Any, defaults: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise InvalidValue(f"it has to be an object, not {shown(given)}")
    for name in given:
        if name not in FIELDS:
            raise InvalidValue(f"{shown(name)} is no field{near(name, FIELDS)}")
    values = {**defaults, **given}
    if "queue" not in values:
        raise InvalidValue("it has no queue")
    if isinstance(values.get("run_after"), str):
        values["run_after"] = _time(values["run_after"])
    return values


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
    except (ValueError, OverflowError):
        raise InvalidValue(f"run_after is no time: {shown(text)}") from None
