"""Ends of job sets and tasks: summed up, listened to, mailed."""

from pandadb.core.control.notices import ENDS_CHANNEL
from pandadb.core.notifications.fields import Field, fields
from pandadb.core.notifications.forms import MailContent, mail_content
from pandadb.core.notifications.html_pages import html_page
from pandadb.core.notifications.summaries import JobSummary
from pandadb.core.notifications.targets import Target
from pandadb.services.notifications.mails import NotifyResult, notify
from pandadb.services.notifications.summaries import frozen, running, summary
from pandadb.services.transaction import VerbOptions

__all__ = [
    "ENDS_CHANNEL",
    "Field",
    "JobSummary",
    "MailContent",
    "NotifyResult",
    "Target",
    "VerbOptions",
    "fields",
    "frozen",
    "html_page",
    "mail_content",
    "notify",
    "running",
    "summary",
]
