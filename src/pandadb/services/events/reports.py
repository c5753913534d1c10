"""Reports of jobs on their ranges of events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pandadb.core.events.reports import range_reports
from pandadb.core.events.reports.archive_files import ArchiveFile
from pandadb.core.events.reports.range_reports import RangeReport, StoredReports
from pandadb.core.jobs.refusals import refusing_to_wait
from pandadb.core.sql.validation import InvalidValue, shown
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pandadb.database import Database

NUMBERS = ("objstoreID", "errorCode", "pathConvention")
"""Values of a report that pilots send as numbers or as texts of digits."""


def report(
    database: Database,
    given: Sequence[RangeReport],
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    fine_grained: bool = False,
) -> StoredReports:
    """Store reports on ranges; return what became of each, and the commands for the pilots.

    Reports that are malformed, late or of another job are refused by themselves. With
    `fine_grained` ranges of a job set that no job has taken are reported on, too.

    Raises:
        JobsLocked: Another transaction has locked a job for longer than the lock timeout.
    """
    with transaction(database, options) as connection, refusing_to_wait():
        return range_reports.report(connection, given, fine_grained=fine_grained)


def read(text: str) -> list[RangeReport]:
    """Return the reports of a JSON array, as pilots send them to PanDA's server.

    An object has eventRangeID, eventStatus, and as it may be errorCode, errorDiag, objstoreID and
    pathConvention; or `eventRanges`, a list of such objects, and `zipFile`, the archive file that
    has their output, with lfn, objstoreID, fsize, adler32, numEvents and pathConvention.

    Raises:
        InvalidValue: The text is no such JSON; the sentence names the report.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidValue(f"the reports are not JSON: {error}") from None
    if not isinstance(found, list):
        raise InvalidValue(f"the reports have to be a JSON array, not {shown(found)}")
    return [one for number, part in enumerate(found, start=1) for one in _of_part(number, part)]


def _of_part(number: int, part: Any) -> Iterator[RangeReport]:
    try:
        archive = _archive(_mapping(part).get("zipFile"))
        ranges = part.get("eventRanges", [part])
        if not isinstance(ranges, list):
            raise InvalidValue(f"eventRanges has to be a list, not {shown(ranges)}")  # noqa: TRY301
        yield from [_report(_mapping(one), archive) for one in ranges]
    except InvalidValue as error:
        raise InvalidValue(f"report {number}: {error}") from None


def _mapping(given: Any) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise InvalidValue(f"this has to be a JSON object, not {shown(given)}")
    return given


def _report(one: Mapping[str, Any], archive: ArchiveFile | None) -> RangeReport:
    for name in ("eventRangeID", "eventStatus"):
        if not isinstance(one.get(name), str):
            raise InvalidValue(f"{name} has to be text, not {shown(one.get(name))}")
    objstore, code, convention = (_number(one.get(name)) for name in NUMBERS)
    diag = one.get("errorDiag")
    return RangeReport(
        one["eventRangeID"], one["eventStatus"], objstore, code, diag, convention, archive
    )


def _number(value: Any) -> Any:
    """Return a text of digits as a number; any other value is checked with the report."""
    digits = isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 19
    return int(value) if digits else value


def _archive(given: Any) -> ArchiveFile | None:
    if given is None:
        return None
    file = _mapping(given)
    names = ("lfn", "objstoreID", "fsize", "adler32", "pathConvention", "numEvents")
    lfn, objstore, fsize, adler32, convention, events = (file.get(name) for name in names)
    place, size = "" if objstore is None else objstore, _number(fsize) or 0
    return ArchiveFile(lfn or "", place, size, adler32, convention, events)
