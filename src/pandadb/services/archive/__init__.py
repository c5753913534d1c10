"""The archive of jobs: plan, run, status, verification, export, import, and restore."""

from pandadb.services.archive.copies.copy_schedule import GracePeriods, copy_states
from pandadb.services.archive.copies.remote import ArchiveLost, InvalidArchive, NotTheArchiver
from pandadb.services.archive.explanations import (
    ExplainedDay,
    ExplainedJob,
    ExplainedPlace,
    NextAction,
    explain_day,
    explain_job,
)
from pandadb.services.archive.mend import MendResult, mend
from pandadb.services.archive.months.compaction import (
    CompactionResult,
    SplitMonth,
    compact,
    compactable,
)
from pandadb.services.archive.months.drop_exported import DroppedMonth, NotDropped
from pandadb.services.archive.months.drop_exported import drop as drop_exported
from pandadb.services.archive.months.export_check import NoExports, VerifiedMonth, verify_exports
from pandadb.services.archive.months.exported_jobs import ExportedJob, UnreadableExport, exported
from pandadb.services.archive.months.exports import (
    Export,
    ExportPreview,
    NotExported,
    export,
    preview,
)
from pandadb.services.archive.months.import_check import Import, NotImported, importable
from pandadb.services.archive.months.imports import ImportProgress, import_month
from pandadb.services.archive.pauses import InvalidPause, Paused, pause, paused, resume
from pandadb.services.archive.plans import (
    NoSuchDay,
    NotTheOwner,
    failures,
    in_default,
    plan,
)
from pandadb.services.archive.report import (
    CopyState,
    CopyStep,
    DayMergeResult,
    MovedDay,
    NextStep,
    Progress,
    RowTransferResult,
    RunReport,
    Step,
    Verdict,
)
from pandadb.services.archive.restores import (
    RestoreResult,
    restorable_day,
    restore,
    restore_jobs,
)
from pandadb.services.archive.restores import preview as restorable
from pandadb.services.archive.run_lock import ArchiveBusy, NotRestored
from pandadb.services.archive.runs import run
from pandadb.services.archive.status import Status, status
from pandadb.services.archive.stragglers import Stragglers
from pandadb.services.archive.stragglers import find as stragglers
from pandadb.services.archive.throttle import Limits
from pandadb.services.archive.verification import (
    CheckResult,
    Verified,
    hold,
    holds,
    release,
    verify,
)

__all__ = [
    "ArchiveBusy",
    "ArchiveLost",
    "CheckResult",
    "CompactionResult",
    "CopyState",
    "CopyStep",
    "DayMergeResult",
    "DroppedMonth",
    "ExplainedDay",
    "ExplainedJob",
    "ExplainedPlace",
    "Export",
    "ExportPreview",
    "ExportedJob",
    "GracePeriods",
    "Import",
    "ImportProgress",
    "InvalidArchive",
    "InvalidPause",
    "Limits",
    "MendResult",
    "MovedDay",
    "NextAction",
    "NextStep",
    "NoExports",
    "NoSuchDay",
    "NotDropped",
    "NotExported",
    "NotImported",
    "NotRestored",
    "NotTheArchiver",
    "NotTheOwner",
    "Paused",
    "Progress",
    "RestoreResult",
    "RowTransferResult",
    "RunReport",
    "SplitMonth",
    "Status",
    "Step",
    "Stragglers",
    "UnreadableExport",
    "Verdict",
    "Verified",
    "VerifiedMonth",
    "compact",
    "compactable",
    "copy_states",
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
    "pause",
    "paused",
    "plan",
    "preview",
    "release",
    "restorable",
    "restorable_day",
    "restore",
    "restore_jobs",
    "resume",
    "run",
    "status",
    "stragglers",
    "verify",
    "verify_exports",
]
