"""Job records as the monitor exports them: read, checked, and turned into rows of jobs.

A record describes a job that ended. Most of its columns are the job's own; the IO counters and the
durations have names of the exporter. Measured on exports of 2018: IO totals are kB and rates
bytes per second, memory is kB, times are seconds.
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from pandadb.core.jobs.csv_import.converters import (
    COLUMNS,
    DERIVED,
    DURATIONS,
    LIFE,
    METRICS,
    REQUIRED,
    Convert,
    RecordError,
    check_year,
    converter,
)
from pandadb.core.sql.spool import Spool, in_batches

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

Record: TypeAlias = dict[str, Any]

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

NOT_COLUMNS = frozenset((*DURATIONS, *METRICS, *DERIVED))
"""Columns of a record that a job does not have."""

NEVER_RAN = ("cancelled", "closed")
"""States of jobs that need not have run: they have if they have a start time."""


@dataclass(frozen=True)
class Records:
    """The records of one file, each a dictionary of checked values."""

    rows: list[Record] | Spool
    unknown: list[str] = field(default_factory=list)
    """Columns of the file that mean nothing here and are left out."""


class _Header(NamedTuple):
    titles: list[str]
    names: list[str | None]
    """None for a column that means nothing here."""
    converters: list[Convert]


def read(
    path: Path,
    jeditaskid: int | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Records:
    """Read a CSV file of records; the rows are spooled to disk. Progress is in bytes.

    Raises:
        RecordError: The file cannot be read, lacks a column, or has a malformed value, or a job of
            another task; the sentence names file, line, column and value.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            size = os.fstat(file.fileno()).st_size  # a pipe has none
            lines = csv.reader(file, strict=True)
            header = _header(path.name, next(lines, []))
            spool = Spool()
            for batch in in_batches(_rows(path.name, lines, header, jeditaskid), 1000):
                spool.add(batch)
                if size:
                    on_progress(os.lseek(file.fileno(), 0, os.SEEK_CUR), size)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RecordError(f"{path}: cannot be read as CSV: {error}") from error
    pairs = zip(header.titles, header.names, strict=True)
    return Records(spool, [title for title, name in pairs if name is None])


def _header(file: str, titles: list[str]) -> _Header:
    if not titles:
        raise RecordError(f"{file}: the file is empty; its first line has to name the columns")
    names = [_name(title) for title in titles]
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise RecordError(f"{file}: the column {missing[0]} is missing in the first line")
    pairs = zip(titles, names, strict=True)
    twice = [title for title, name in pairs if name and names.count(name) > 1]
    if twice:
        raise RecordError(f"{file}: the columns {', '.join(twice)} mean the same")
    return _Header(titles, names, [converter(name) if name else str for name in names])


def _name(title: str) -> str | None:
    """Return our name of a column of the file, None if it has none."""
    name = title.strip().lower()
    name = IO_NAMES.get(name, name)
    return name if name in COLUMNS or name in NOT_COLUMNS else None


def _rows(file: str, lines: Any, header: _Header, jeditaskid: int | None) -> Iterator[Record]:
    seen: dict[int, int] = {}
    for values in lines:
        if not values:
            continue
        try:
            row = _row(header, values)
            _check(row, jeditaskid)
        except RecordError as error:
            raise RecordError(f"{file}, line {lines.line_num}{error}") from None
        first = seen.setdefault(row["pandaid"], lines.line_num)
        if first != lines.line_num:
            place = f"{file}, line {lines.line_num}"
            raise RecordError(f"{place}: PandaID {row['pandaid']} is in line {first} already")
        yield row


def _row(header: _Header, values: list[str]) -> Record:
    titles, names, converters = header
    if len(values) != len(titles):
        raise RecordError(f": {len(values)} values for {len(titles)} columns")
    try:
        made = [convert(text) for convert, text in zip(converters, values)]  # noqa: B905 - hot
    except RecordError:
        made = [_named(*each) for each in zip(titles, converters, values, strict=True)]
    row = dict(zip(names, made, strict=True))
    row.pop(None, None)
    return cast("Record", row)


def _named(title: str, convert: Convert, text: str) -> Any:
    try:
        return convert(text)
    except RecordError as error:
        raise RecordError(f", column {title}: {error}") from None


def _check(row: Record, jeditaskid: int | None) -> None:
    """See that values of different columns, and the task, agree with each other."""
    if row.get("jeditaskid") not in (None, jeditaskid) and jeditaskid is not None:
        raise RecordError(
            f", column jeditaskid: {row['jeditaskid']} is not {jeditaskid}, the task to load into"
        )
    if row.keys().isdisjoint(LIFE):
        return
    try:
        _life(row, SOME_DAY)
    except RecordError as error:
        raise RecordError(f": {error}") from None


SOME_DAY = datetime(2018, 1, 1)
"""Whether times are in order does not depend on the day that stands for one that is missing."""


def jobs(
    records: Records, jeditaskid: int, day: date, without: Collection[int] = ()
) -> Iterator[Record]:
    """Return the rows of the jobs of a task that ended, one after the other, during a day (UTC).

    The records of some PandaIDs are left out.

    Raises:
        RecordError: There were no jobs on that day.
    """
    check_year(day.year, str(day))
    midnight = datetime.combine(day, datetime.min.time())
    step = timedelta(days=1) / (len(records.rows) or 1)
    return (
        _job(record, jeditaskid, midnight + number * step)
        for number, record in enumerate(records.rows)
        if record["pandaid"] not in without
    )


def _job(record: Record, jeditaskid: int, endtime: datetime) -> Record:
    usual = {
        "jobstatus": "finished",
        "jobname": f"{jeditaskid}.{record['pandaid']}",
        "lockedby": "jedi",
        "attemptnr": 1,
        "cpuconsumptionunit": "s",
        "pilottiming": _bars(
            record.get(name) for name in ("timestagein", "timeexe", "timestageout")
        ),
        "jobmetrics": " ".join(
            f"{METRICS[k]}={record[k].normalize():f}" for k in METRICS if record.get(k)
        )
        or None,
        **_life(record, endtime.replace(microsecond=0)),
    }
    own = {
        name: value
        for name, value in record.items()
        if name not in NOT_COLUMNS and (value is not None or name not in usual)
    }
    return {**usual, **own, "jeditaskid": jeditaskid}


def _life(record: Record, otherwise: datetime) -> dict[str, datetime | None]:
    """Return the times of a job: those given, and those computed from them and the durations.

    A job without any ended at the given default.
    """
    wall = timedelta(seconds=record["wall_time"])
    queue = timedelta(seconds=record.get("queue_time") or 0)
    created, started, ended, modified = map(record.get, LIFE)
    if ended is None and started:
        ended = started + wall
    elif ended is None:
        ended = created + queue + wall if created else modified or otherwise
    if created is None:
        created = (started or ended - wall) - queue
    if started is None and record.get("jobstatus") not in NEVER_RAN:
        started = ended - wall
    times = (created, started, ended, modified or ended)
    known = [time for time in times if time]
    if known != sorted(known):
        said = ", ".join(f"{name} {time}" for name, time in zip(LIFE, times, strict=True) if time)
        raise RecordError(f"the times are out of order: {said}")
    return {**dict(zip(LIFE, times, strict=True)), "statechangetime": ended}


def _bars(seconds: Iterable[int | None]) -> str:
    """Return durations as pilots report them: get job, stage in, run, stage out, set up."""
    return "|".join(str(value or 0) for value in (0, *seconds, 0))
