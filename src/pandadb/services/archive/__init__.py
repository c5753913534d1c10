"""The archive of jobs: planned, filled, looked at, proven, and emptied again."""

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
from pandadb.services.archive.moving import Moved, Step, Verdict
from pandadb.services.archive.plans import NoSuchDay, NotTheOwner, plan
from pandadb.services.archive.runs import NotRestored, Progress, Ran, restore, run

__all__ = [
    "Found",
    "Moved",
    "NoSuchDay",
    "NotRestored",
    "NotTheOwner",
    "Progress",
    "Ran",
    "Status",
    "Step",
    "Verdict",
    "Verified",
    "hold",
    "holds",
    "plan",
    "release",
    "restore",
    "run",
    "status",
    "verify",
]
