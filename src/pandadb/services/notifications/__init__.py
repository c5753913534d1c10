"""Ends of job sets and tasks: summed up, listened to, mailed."""

from pandadb.core.control.notices import ENDS_CHANNEL
from pandadb.core.notifications.fields import Field, fields
from pandadb.core.notifications.summaries import JobSummary
from pandadb.core.notifications.targets import Target
from pandadb.services.notifications.listening import end_notices
from pandadb.services.notifications.summaries import frozen, running, summary

__all__ = [
    "ENDS_CHANNEL",
    "Field",
    "JobSummary",
    "Target",
    "end_notices",
    "fields",
    "frozen",
    "running",
    "summary",
]
