"""Reports on workers as Harvester sends them, read and checked before anything is written.

A report is a dict with the names of Harvester's attributes, such as `workerID` and `nCore`, in any
case. Times are texts, with or without Harvester's prefix `datetime/`; numbers may be texts, and
fractions are rounded, as PostgreSQL does it. Names that are no column of HARVESTER_WORKERS are left
out, as by panda-server. Source: semantics 9.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import DateTime, Integer

from pandadb.core.sql.column_values import is_plain, utc
from pandadb.core.sql.validation import InvalidValue, check_columns, ids, mistake_in, shown
from pandadb.models import HarvesterWorkers

if TYPE_CHECKING:
    from collections.abc import Iterable

TIME_PREFIX = "datetime/"
"""Harvester writes it before a time."""
PILOT_COLUMNS = ("pilotstatus", "pilotstarttime", "pilotendtime", "pilotstatussynctime")
"""Columns that the pilot's own reports set."""
COLUMNS = {
    column.name: column
    for column in HarvesterWorkers.__table__.c
    if column.name not in ("harvesterid", "workerid", "lastupdate", *PILOT_COLUMNS)
}
"""Columns that a report may set."""
TIMES = {name for name, column in COLUMNS.items() if isinstance(column.type, DateTime)}
NUMBERS = {name for name, column in COLUMNS.items() if isinstance(column.type, Integer)}
LONGEST_NUMBER = 40
"""Characters of a number that is a text."""


@dataclass(frozen=True)
class WorkerReport:
    """A report on a worker."""

    place: int
    """Its position in the call."""
    workerid: int
    values: Mapping[str, Any]
    """New values of columns of HARVESTER_WORKERS."""
    reported_at: datetime | None = None
    """The worker's own time (naive UTC), if Harvester has given one; else it is the server's."""
    pandaids: tuple[int, ...] = ()
    """All jobs of the worker; empty if the report has no list."""
    fails_jobs: bool = False
    """Whether jobs that still run fail when the worker has ended (Harvester's syncLevel 1)."""


@dataclass
class ReadReports:
    """The reports of a call: those to be written, and why others are refused, by position."""

    reports: list[WorkerReport] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)

    def rounds(self) -> Iterable[list[WorkerReport]]:
        """Yield the reports in rounds with one of each worker, each worker's oldest first.

        Reports without a time of their own come in the order of the call, after those with one.
        """
        rounds: list[list[WorkerReport]] = []
        number: dict[int, int] = {}
        latest = datetime.max  # noqa: DTZ901 - times are naive UTC
        for one in sorted(self.reports, key=lambda one: (one.reported_at or latest, one.place)):
            place = number[one.workerid] = number.get(one.workerid, -1) + 1
            if place == len(rounds):
                rounds.append([])
            rounds[place].append(one)
        return rounds


def read_reports(given: Iterable[Any]) -> ReadReports:
    """Return the reports of a call; one that cannot be written is refused with the reason."""
    found = ReadReports()
    for place, one in enumerate(given):
        try:
            found.reports.append(_read(place, one))
        except InvalidValue as error:
            found.refused[place] = str(error)
    return found


def read_time(name: str, value: Any) -> Any:
    """Return the time of a text, with or without Harvester's prefix; other values as they are.

    Raises:
        InvalidValue: The text is no time.
    """
    if not isinstance(value, str):
        return value
    try:
        return utc(value.removeprefix(TIME_PREFIX))
    except (ValueError, OverflowError):
        raise InvalidValue(f"{name} has to be a time, not {shown(value)}") from None


def read_number(name: str, value: Any) -> Any:
    """Return the whole number that a text or a fraction stands for; other values as they are.

    Raises:
        InvalidValue: The text is no number, or the number is not finite.
    """
    if not isinstance(value, str | float):
        return value
    text = str(value)
    if is_plain(text) and len(text) <= LONGEST_NUMBER:
        with suppress(ValueError, ArithmeticError):
            if isinstance(value, str):
                return int(text)
            return int(Decimal(text).to_integral_value(ROUND_HALF_UP))
    raise InvalidValue(f"{name} has to be a whole number, not {shown(value)}")


def _read(place: int, given: Any) -> WorkerReport:
    if not isinstance(given, Mapping):
        raise InvalidValue(f"a worker has to be an object with its workerID, not {shown(given)}")
    by_name = {name.lower(): value for name, value in given.items() if isinstance(name, str)}
    workerid = read_number("workerid", by_name.get("workerid"))
    if mistake := mistake_in(HarvesterWorkers, "workerid", workerid):
        raise InvalidValue(mistake)
    values = {name: by_name[name] for name in COLUMNS.keys() & by_name.keys()}
    for name in TIMES & values.keys():
        values[name] = read_time(name, values[name])
    for name in NUMBERS & values.keys():
        if values[name].__class__ is not int:
            values[name] = read_number(name, values[name])
    check_columns(HarvesterWorkers, values)
    return WorkerReport(
        place,
        workerid,
        values,
        _own_time(by_name.get("lastupdate")),
        _jobs(by_name.get("pandaid_list")),
        fails_jobs=by_name.get("synclevel") == 1,
    )


def _own_time(given: Any) -> datetime | None:
    found: datetime | None = read_time("lastupdate", given)
    if found is None:
        return None
    check_columns(HarvesterWorkers, {"lastupdate": found})
    return found


def _jobs(given: Any) -> tuple[int, ...]:
    if given is None:
        return ()
    if not isinstance(given, list | tuple):
        raise InvalidValue(f"pandaid_list has to be a list of jobs, not {shown(given)}")
    return tuple(ids(given))
