"""Mails on ends of tasks and job sets: put into the outbox, from where a relay sends them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import text

from pandadb.core.notifications import candidates, events, recipients, summaries
from pandadb.core.notifications.targets import Target
from pandadb.core.sql.validation import InvalidValue, check_number
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pandadb.database import Database

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('pandadb tasks notify'))")
"""Two processes make no event twice."""
MAX_EVENTS, MAX_HOURS = 100_000, 24.0 * 366
HOUR = 3600.0


@dataclass
class NotifyResult:
    """The events of ends that were put into the outbox."""

    tasks: dict[int, int] = field(default_factory=dict)
    """The tasks, each with its event."""
    jobsets: dict[int, int] = field(default_factory=dict)
    """The job sets, each with its event; in the old form."""


def notify(
    database: Database,
    options: VerbOptions = DEFAULT_OPTIONS,
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
    check_number("limit", limit, 1, MAX_EVENTS)
    if not 0 < hours <= MAX_HOURS:
        raise InvalidValue(f"hours has to be above 0 and at most {MAX_HOURS:.0f}, not {hours!r}")
    done = NotifyResult()
    with transaction(database, options) as connection:
        connection.execute(ONE_AT_A_TIME)
        found = candidates.ended(connection, hours * HOUR, limit)
        names = {target.username for target, _ in found if target.username is not None}
        to = recipients.addresses(connection, names)
        for target, pandaid in found:
            address = to[str(target.username)]
            write = partial(_announce, connection, done, to=address, monitor_url=monitor_url)
            write(target, pandaid)
            jobset = candidates.jobset_of(connection, target.jeditaskid) if both_forms else None
            if jobset is not None and jobset not in done.jobsets:
                write(Target(jobsetid=jobset, username=target.username), None)
    return done


def _announce(
    connection: Connection,
    done: NotifyResult,
    target: Target,
    pandaid: int | None,
    *,
    to: str,
    monitor_url: str | None,
) -> None:
    """Announce the end of a target; a job set of tasks may have one that has not ended."""
    summary = summaries.read(connection, target)
    if summary is None or not summary.is_ended:
        return
    event = events.announce(connection, summary, pandaid, to=to, monitor_url=monitor_url)
    place = done.tasks if summary.is_of_task else done.jobsets
    place[summary.number or 0] = event
