"""Events of OUTBOX on ends of tasks and job sets: mails to their users."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from pandadb.core.notifications.candidates import JOBSET_ENDED, TASK_ENDED
from pandadb.core.notifications.fields import fields
from pandadb.core.notifications.forms import mail_content
from pandadb.models import Outbox

if TYPE_CHECKING:
    from pandadb.core.notifications.summaries import JobSummary
    from pandadb.core.sql.transaction import Transaction


def announce(
    session: Transaction,
    summary: JobSummary,
    pandaid: int | None,
    *,
    to: str,
    monitor_url: str | None = None,
) -> int:
    """Put the event of an end into the outbox, with the mail to an address; return its number."""
    payload: dict[str, Any] = {
        "to": to,
        "username": summary.username,
        "fields": fields(summary, monitor_url),
        **asdict(mail_content(summary, monitor_url)),
    }
    row = {
        "kind": TASK_ENDED if summary.is_of_task else JOBSET_ENDED,
        "pandaid": pandaid,
        "jeditaskid": summary.jeditaskid,
        "payload": payload,
    }
    statement = insert(Outbox.__table__).values(row).returning(Outbox.__table__.c.event_id)
    number: int = session.execute(statement).scalar_one()
    return number
