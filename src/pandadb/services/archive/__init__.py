"""The archive of jobs: planned, filled, looked at, proven, exported, and emptied again."""

from pandadb.services.archive.books import (
    Found,
    Status,
    Verified,
    hold,
    holds,
    release,
    status,
    verify,
)
from pandadb.services.archive.compacting import Compacted, Days, compact, compactable
from pandadb.services.archive.copying import CopyStep
from pandadb.services.archive.dropping import Dropped, NotDropped
from pandadb.services.archive.dropping import drop as drop_exported
from pandadb.services.archive.elsewhere import ArchiveLost, BadArchive, NotTheArchiver
from pandadb.services.archive.exporting import Export, NotExported, Outlook, export, outlook
from pandadb.services.archive.lookup import ExportedJob, UnreadableExport, exported
from pandadb.services.archive.moving import Moved, Step, Verdict
from pandadb.services.archive.plans import NoSuchDay, NotTheOwner, plan
from pandadb.services.archive.runs import NotRestored, Progress, Ran, restore, run
from pandadb.services.archive.standing import Due, Standing, Waits, standings

__all__ = [
    "ArchiveLost",
    "BadArchive",
    "Compacted",
    "CopyStep",
    "Days",
    "Dropped",
    "Due",
    "Export",
    "ExportedJob",
    "Found",
    "Moved",
    "NoSuchDay",
    "NotDropped",
    "NotExported",
    "NotRestored",
    "NotTheArchiver",
    "NotTheOwner",
    "Outlook",
    "Progress",
    "Ran",
    "Standing",
    "Status",
    "Step",
    "UnreadableExport",
    "Verdict",
    "Verified",
    "Waits",
    "compact",
    "compactable",
    "drop_exported",
    "export",
    "exported",
    "hold",
    "holds",
    "outlook",
    "plan",
    "release",
    "restore",
    "run",
    "standings",
    "status",
    "verify",
]
