"""Ranges of events, for services and operators. Each function is one transaction."""

from pandadb.core.events.archive_files import ArchiveFile
from pandadb.core.events.range_ids import RangeID
from pandadb.core.events.range_requests import RangeRequest
from pandadb.core.events.refusals import RangeRefusal, RangeRefusalReason
from pandadb.core.events.reports import RangeReport, ReportOutcome, StoredReports
from pandadb.core.events.takes import TakenRange
from pandadb.services.events.reports import read, report
from pandadb.services.events.takes import TakeResult, take
from pandadb.services.transaction import VerbOptions

__all__ = [
    "ArchiveFile",
    "RangeID",
    "RangeRefusal",
    "RangeRefusalReason",
    "RangeReport",
    "RangeRequest",
    "ReportOutcome",
    "StoredReports",
    "TakeResult",
    "TakenRange",
    "VerbOptions",
    "read",
    "report",
    "take",
]
