"""Sites: dumps read and loaded, sites looked up, queues for a job."""

from pandadb.core.sites.dumps.dump_kinds import DumpKind
from pandadb.core.sites.dumps.sample_dumps import generate
from pandadb.core.sites.network_matrix import MatrixChanges
from pandadb.core.sites.queue_candidates import JobNotFound, QueueCandidate
from pandadb.core.sites.row_changes import ChangeKind, RowChange
from pandadb.core.sites.site_history import HistoryPage
from pandadb.core.sites.site_loads import LoadReport, Part, TooFewLoaded
from pandadb.core.sites.site_search import SiteNotFound
from pandadb.services.sites.dump_sources import SourceUnavailable, gather, parse
from pandadb.services.sites.loads import (
    clean_network,
    count_requests,
    count_running,
    load,
    load_network,
)
from pandadb.services.sites.search import candidates, find, get, history
from pandadb.services.transaction import VerbOptions

__all__ = [
    "ChangeKind",
    "DumpKind",
    "HistoryPage",
    "JobNotFound",
    "LoadReport",
    "MatrixChanges",
    "Part",
    "QueueCandidate",
    "RowChange",
    "SiteNotFound",
    "SourceUnavailable",
    "TooFewLoaded",
    "VerbOptions",
    "candidates",
    "clean_network",
    "count_requests",
    "count_running",
    "find",
    "gather",
    "generate",
    "get",
    "history",
    "load",
    "load_network",
    "parse",
]
