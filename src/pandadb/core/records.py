"""Job records as the monitor exports them: read, checked, and turned into rows of jobs.

A record describes a finished job. Most of its columns are the job's own; the IO counters and the
durations have names of the exporter. Measured on exports of 2018: IO totals are kB and rates
bytes per second, memory is kB, times are seconds.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, DefaultClause, Integer, Numeric, SmallInteger, String

from pandadb.errors import PandaDBError
from pandadb.models import JobsArchived4

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sqlalchemy.types import TypeEngine

IO_NAMES = {
    "iocharread": "totrchar",
    "iocharwritten": "totwchar",
    "iobytesread": "totrbytes",
    "iobyteswritten": "totwbytes",
    "iocharreadrate": "raterchar",
    "iocharwriterate": "ratewchar",
    "iobytesreadrate": "raterbytes",
    "iobyteswriterate": "ratewbytes",
}
"""The exporter's names of columns of a job."""

DURATIONS = ("wall_time", "queue_time", "timestagein", "timeexe", "timestageout")
"""Seconds: they become times of the job, and its pilottiming."""

METRICS = {"dbtime": "dbTime", "workdirsize": "workDirSize"}
"""What the pilot reports in jobmetrics, and the spelling it has there."""

DERIVED = ("cpu_eff",)
"""Computed from other columns, and so not kept."""

REQUIRED = ("pandaid", "wall_time")

DEFAULTS = {
    column.name: column.server_default.arg
    for column in JobsArchived4.__table__.columns
    if not column.nullable and isinstance(column.server_default, DefaultClause)
}
"""What stands for an empty value where NULL is not allowed."""

FINAL = ("finished", "failed", "cancelled", "closed")

INTEGER_BITS = {SmallInteger: 15, BigInteger: 63, Integer: 31}
"""Integer comes last: it is the base of the two others."""


class RecordError(PandaDBError):
    """A file of records that cannot be loaded, and where."""


@dataclass(frozen=True)
class Records:
    """The records of one file, each a dictionary of checked values."""

    rows: list[dict[str, Any]]
    unknown: list[str] = field(default_factory=list)
    """Columns of the file that mean nothing here and are left out."""


def read(path: Path) -> Records:
    """Read a CSV file of records.

    Raises:
        RecordError: The file cannot be read, lacks a column, or has a malformed value; the
            sentence names file, line, column and value.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return _parse(path.name, csv.reader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RecordError(f"{path}: cannot be read as CSV: {error}") from error


def _parse(name: str, lines: Any) -> Records:
    header = next(lines, None)
    if not header:
        raise RecordError(f"{name}: the file is empty; its first line has to name the columns")
    columns = [_column(title) for title in header]
    _check_header(name, header, columns)
    rows: list[dict[str, Any]] = []
    seen: dict[int, int] = {}
    for values in lines:
        if not values:
            continue
        place = f"{name}, line {lines.line_num}"
        if len(values) != len(header):
            raise RecordError(f"{place}: {len(values)} values for {len(header)} columns")
        row = {
            column: _value(f"{place}, column {title}", column, value)
            for title, column, value in zip(header, columns, values, strict=True)
            if column is not None
        }
        first = seen.setdefault(row["pandaid"], lines.line_num)
        if first != lines.line_num:
            raise RecordError(f"{place}: PandaID {row['pandaid']} is in line {first} already")
        rows.append(row)
    unknown = [title for title, column in zip(header, columns, strict=True) if column is None]
    return Records(rows, unknown)


def _column(title: str) -> str | None:
    """Return our name of a column of the file, None if it has none."""
    name = title.strip().lower()
    name = IO_NAMES.get(name, name)
    known = name in JobsArchived4.__table__.columns or name in (*DURATIONS, *METRICS, *DERIVED)
    return name if known else None


def _check_header(name: str, header: list[str], columns: list[str | None]) -> None:
    missing = [column for column in REQUIRED if column not in columns]
    if missing:
        raise RecordError(f"{name}: the column {missing[0]} is missing in the first line")
    twice = [
        title for title, column in zip(header, columns, strict=True) if columns.count(column) > 1
    ]
    twice = [title for title in twice if _column(title)]
    if twice:
        raise RecordError(f"{name}: the columns {', '.join(twice)} mean the same")


def _value(place: str, column: str, text: str) -> Any:
    """Return a value as its column takes it, None for an empty one."""
    text = text.strip()
    if text == "":
        if column in REQUIRED:
            raise RecordError(f"{place}: a value is missing")
        return DEFAULTS.get(column)
    if column in METRICS or column in DERIVED:
        return _number(place, text)
    if column in DURATIONS:
        return _whole(place, text, 31)
    if column == "jobstatus" and text not in FINAL:
        raise RecordError(f"{place}: {text!r} is not a final state: {', '.join(FINAL)}")
    return _typed(place, JobsArchived4.__table__.columns[column].type, text)


def _typed(place: str, kind: TypeEngine[Any], text: str) -> Any:
    if isinstance(kind, Integer):
        bits = next(bits for integer, bits in INTEGER_BITS.items() if isinstance(kind, integer))
        return _whole(place, text, bits)
    if isinstance(kind, Numeric):
        return _number(place, text)
    if isinstance(kind, String):
        if kind.length and len(text) > kind.length:
            raise RecordError(f"{place}: {text!r} is longer than {kind.length} characters")
        return text
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise RecordError(f"{place}: {text!r} is not a time such as 2018-03-25T10:00:00") from None


def _whole(place: str, text: str, bits: int) -> int:
    number = _number(place, text)
    if number != number.to_integral_value():
        raise RecordError(f"{place}: {text!r} is not a whole number")
    if abs(number) >= 2**bits:
        raise RecordError(f"{place}: {text} is too large, the limit is {2**bits - 1}")
    return int(number)


def _number(place: str, text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise RecordError(f"{place}: {text!r} is not a number") from None
    if not number.is_finite():
        raise RecordError(f"{place}: {text!r} is not a number")
    return number


def jobs(records: Records, jeditaskid: int, day: date) -> Iterator[dict[str, Any]]:
    """Return the rows of the jobs of a task that ended, one after the other, during a day (UTC)."""
    midnight = datetime.combine(day, datetime.min.time())
    step = timedelta(days=1) / (len(records.rows) or 1)
    for number, record in enumerate(records.rows):
        yield _job(record, jeditaskid, midnight + number * step)


def _job(record: dict[str, Any], jeditaskid: int, endtime: datetime) -> dict[str, Any]:
    endtime = endtime.replace(microsecond=0)
    starttime = endtime - timedelta(seconds=record["wall_time"])
    creationtime = starttime - timedelta(seconds=record.get("queue_time") or 0)
    others = (*DURATIONS, *METRICS, *DERIVED)
    own = {name: value for name, value in record.items() if name not in others}
    return {
        "jobstatus": "finished",
        "jobname": f"{jeditaskid}.{record['pandaid']}",
        "lockedby": "jedi",
        "attemptnr": 1,
        "cpuconsumptionunit": "s",
        "creationtime": creationtime,
        "starttime": starttime,
        "endtime": endtime,
        "statechangetime": endtime,
        "modificationtime": endtime,
        "pilottiming": _bars(
            record.get(name) for name in ("timestagein", "timeexe", "timestageout")
        ),
        "jobmetrics": " ".join(f"{METRICS[k]}={record[k]}" for k in METRICS if record.get(k))
        or None,
        **own,
        "jeditaskid": jeditaskid,
    }


def _bars(seconds: Iterable[int | None]) -> str:
    """Return durations as pilots report them: get job, stage in, run, stage out, set up."""
    return "|".join(str(value or 0) for value in (0, *seconds, 0))
