# Written from the functions of `pandadb.services.notifications` by `pandadb docs stubs`.

from pandadb.aio.base.database import AsyncDatabase
from pandadb.services.notifications import (
    ENDS_CHANNEL,
    Field,
    JobSummary,
    MailContent,
    NotifyResult,
    Target,
    VerbOptions,
    fields,
    html_page,
    mail_content,
)

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

async def frozen(
    database: AsyncDatabase,
    username: str,
    days: float = 3,
) -> list[JobSummary]:
    """Return the job sets and tasks of a user that have ended in so many days, by their ends.

    Raises:
        InvalidValue: The user is no text, or the days are none.
    """

async def notify(
    database: AsyncDatabase,
    options: VerbOptions = ...,
    *,
    hours: float = 24,
    limit: int = 1000,
    both_forms: bool = False,
    monitor_url: str | None = None,
) -> NotifyResult:
    """Put mails into the outbox: on users' tasks and job sets that have ended lately.

    Tasks have JEDI's form, job sets without tasks the old one; `both_forms` adds the old one for
    the job sets of tasks, once all tasks of the set have ended. Jobs have the labels user or panda.
    Users without an address, or with `notsend` as its beginning, get none. It is idempotent; a task
    that is retried and ends again has another mail.

    Raises:
        InvalidValue: A number is beyond its limits.
    """

async def running(
    database: AsyncDatabase,
    username: str,
) -> list[Target]:
    """Return the job sets of a user, and tasks without one, with a job that has not ended.

    Raises:
        InvalidValue: The user is no text.
    """

async def summary(
    database: AsyncDatabase,
    target: Target,
) -> JobSummary | None:
    """Return the summary of a job set or a task; None if there is none.

    Of one that has not ended the numbers of jobs are given, and nothing about their files.
    """
