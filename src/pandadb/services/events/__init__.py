"""Ranges of events, for services and operators. Each function is one transaction."""

from pandadb.core.events.range_ids import RangeID
from pandadb.core.events.refusals import RangeRefusal, RangeRefusalReason
from pandadb.core.events.reports.archive_files import ArchiveFile
from pandadb.core.events.reports.range_reports import RangeReport, ReportOutcome, StoredReports
from pandadb.core.events.samples import Sample
from pandadb.core.events.search import RangeCounts, RangeFilter, RangePage, RangeState
from pandadb.core.events.takes.range_requests import RangeRequest
from pandadb.core.events.takes.range_takes import TakenRange
from pandadb.core.jobs.range_releases import ReleasedRanges
from pandadb.services.events.releases import add_samples, release
from pandadb.services.events.reports import read, report
from pandadb.services.events.search import available, count, find, states
from pandadb.services.events.takes import TakeResult, take
from pandadb.services.transaction import VerbOptions

__all__ = [
    "ArchiveFile",
    "RangeCounts",
    "RangeFilter",
    "RangeID",
    "RangePage",
    "RangeRefusal",
    "RangeRefusalReason",
    "RangeReport",
    "RangeRequest",
    "RangeState",
    "ReleasedRanges",
    "ReportOutcome",
    "Sample",
    "StoredReports",
    "TakeResult",
    "TakenRange",
    "VerbOptions",
    "add_samples",
    "available",
    "count",
    "find",
    "read",
    "release",
    "report",
    "states",
    "take",
]
