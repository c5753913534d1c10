"""Processes of batch systems that are to end with their jobs: each is an event of the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, insert, or_, select

from pandadb.core.sql.expressions import constant
from pandadb.core.sql.id_arrays import is_among
from pandadb.models import JobControl, JobsActive4, Outbox

if TYPE_CHECKING:
    from collections.abc import Collection

    from pandadb.core.sql.transaction import Transaction

CONTROL, JOB = JobControl.__table__.c, JobsActive4.__table__.c
CANCEL_PROCESS = "cancel process"
"""The kind of the event: its payload has the queue, and the id of the process there."""
WITH_PROCESS = ("starting", "running")


def cancel(session: Transaction, jobs: Collection[int]) -> None:
    """Have the processes of jobs cancelled that are in a batch system: call it before they move.

    A batch process that has several jobs goes on for the others.
    """
    process = CONTROL.details["process"]
    payload = func.jsonb_build_object(
        constant("queue"), CONTROL.queue, constant("process"), process.astext
    )
    rows = (
        select(constant(CANCEL_PROCESS), JOB.pandaid, JOB.jeditaskid, payload)
        .join(CONTROL.pandaid.table, CONTROL.pandaid == JOB.pandaid)
        .where(
            is_among(JOB.pandaid, jobs),
            process.astext.is_not(None),
            JOB.jobstatus.in_(WITH_PROCESS),
            or_(JOB.jobsubstatus.is_(None), JOB.jobsubstatus != constant("batch")),
        )
        .order_by(JOB.pandaid)
    )
    columns = ["kind", "pandaid", "jeditaskid", "payload"]
    session.execute(insert(Outbox.__table__).from_select(columns, rows))
