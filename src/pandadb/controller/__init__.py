"""The job controller: jobs and flows found, changed and reported, by filter or by name."""

from pandadb.controller.job_controller import JobController
from pandadb.controller.standing_filters import in_standing
from pandadb.services.jobs import JobFilter
from pandadb.services.selection import (
    Locked,
    NotAllowed,
    NotFound,
    TooMany,
    VerbAborted,
    VerbReport,
)

__all__ = [
    "JobController",
    "JobFilter",
    "Locked",
    "NotAllowed",
    "NotFound",
    "TooMany",
    "VerbAborted",
    "VerbReport",
    "in_standing",
]
