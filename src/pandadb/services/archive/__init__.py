"""The archive of jobs: planned, filled, looked at, proven, exported, and emptied again."""

from pandadb.services.archive.books import (
    Found,
    Verified,
    hold,
    holds,
    release,
    verify,
)
from pandadb.services.archive.byrows.merging import Merged
from pandadb.services.archive.byrows.rowwise import Gone
from pandadb.services.archive.copies.copying import CopyStep
from pandadb.services.archive.copies.elsewhere import ArchiveLost, BadArchive, NotTheArchiver
from pandadb.services.archive.copies.standing import Due, Standing, Waits, standings
from pandadb.services.archive.explanations import (
    ExplainedDay,
    ExplainedJob,
    Next,
    Place,
    explain_day,
    explain_job,
)
from pandadb.services.archive.mend import Mended, mend
from pandadb.services.archive.months.compacting import Compacted, Days, compact, compactable
from pandadb.services.archive.months.dropping import Dropped, NotDropped
from pandadb.services.archive.months.dropping import drop as drop_exported
from pandadb.services.archive.months.exporting import Export, NotExported, Outlook, export, outlook
from pandadb.services.archive.months.importability import Import, NotImported, importable
from pandadb.services.archive.months.importing import Loading, import_month
from pandadb.services.archive.months.lookup import ExportedJob, UnreadableExport, exported
from pandadb.services.archive.months.verification import (
    NoExports,
    VerifiedMonth,
    verify_exports,
)
from pandadb.services.archive.moving import Moved, Step, Verdict
from pandadb.services.archive.overview import Status, status
from pandadb.services.archive.pausing import BadPause, Paused, pause, paused, resume
from pandadb.services.archive.plans import (
    NoSuchDay,
    NotTheOwner,
    failures,
    in_default,
    plan,
)
from pandadb.services.archive.restoring import (
    NotNow,
    NotRestored,
    Restored,
    restorable_day,
    restore,
    restore_jobs,
)
from pandadb.services.archive.restoring import (
    outlook as restorable,
)
from pandadb.services.archive.results import Progress, Ran
from pandadb.services.archive.runs import run
from pandadb.services.archive.stragglers import Stragglers
from pandadb.services.archive.stragglers import find as stragglers
from pandadb.services.archive.throttling import Limits

__all__ = [
    "ArchiveLost",
    "BadArchive",
    "BadPause",
    "Compacted",
    "CopyStep",
    "Days",
    "Dropped",
    "Due",
    "ExplainedDay",
    "ExplainedJob",
    "Export",
    "ExportedJob",
    "Found",
    "Gone",
    "Import",
    "Limits",
    "Loading",
    "Mended",
    "Merged",
    "Moved",
    "Next",
    "NoExports",
    "NoSuchDay",
    "NotDropped",
    "NotExported",
    "NotImported",
    "NotNow",
    "NotRestored",
    "NotTheArchiver",
    "NotTheOwner",
    "Outlook",
    "Paused",
    "Place",
    "Progress",
    "Ran",
    "Restored",
    "Standing",
    "Status",
    "Step",
    "Stragglers",
    "UnreadableExport",
    "Verdict",
    "Verified",
    "VerifiedMonth",
    "Waits",
    "compact",
    "compactable",
    "drop_exported",
    "explain_day",
    "explain_job",
    "export",
    "exported",
    "failures",
    "hold",
    "holds",
    "import_month",
    "importable",
    "in_default",
    "mend",
    "outlook",
    "pause",
    "paused",
    "plan",
    "release",
    "restorable",
    "restorable_day",
    "restore",
    "restore_jobs",
    "resume",
    "run",
    "standings",
    "status",
    "stragglers",
    "verify",
    "verify_exports",
]
