"""Processes of batch systems that are to end with their jobs: each is an event of the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from pandadb.core.sql.expressions import constant
from pandadb.core.sql.id_arrays import is_among
from pandadb.models import JobControl, JobsActive4, Outbox

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pandadb.core.sql.transaction import Transaction

CONTROL, JOB = JobControl.__table__.c, JobsActive4.__table__.c
CANCEL_PROCESS = "cancel process"
"""The kind of the event: its payload has the queue, and the id of the process there."""
WITH_PROCESS = ("starting", "running")


def cancel(session: Transaction, jobs: Collection[int]) -> None:
    """Have the processes of jobs cancelled that are in a batch system: call it before they move.

    A batch process that has several jobs goes on for the others.
    """
    announce(session, of_jobs(session, jobs))


def of_jobs(session: Transaction, jobs: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return the events that are to cancel the processes of jobs, by PandaID."""
    process = CONTROL.details["process"]
    given = (constant("queue"), CONTROL.queue, constant("process"), process.astext)
    payload = func.jsonb_build_object(*given, type_=JSONB)
    rows = (
        select(JOB.pandaid, JOB.jeditaskid, payload.label("payload"))
        .join(CONTROL.pandaid.table, CONTROL.pandaid == JOB.pandaid)
        .where(
            is_among(JOB.pandaid, jobs),
            process.astext.is_not(None),
            JOB.jobstatus.in_(WITH_PROCESS),
            or_(JOB.jobsubstatus.is_(None), JOB.jobsubstatus != constant("batch")),
        )
        .order_by(JOB.pandaid)
    )
    found = session.execute(rows).mappings() if jobs else ()
    return {row["pandaid"]: {"kind": CANCEL_PROCESS, **row} for row in found}


def announce(session: Transaction, events: Mapping[int, Mapping[str, Any]]) -> None:
    """Write the events that cancel the processes of jobs."""
    if events:
        session.execute(insert(Outbox.__table__), [*events.values()])
