"""Queued jobs by their process in a batch system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from pandadb.models import JobControl

if TYPE_CHECKING:
    from pandadb.core.sql.transaction import Transaction

CONTROL = JobControl.__table__.c


def find(session: Transaction, process: str, queue: str | None = None) -> list[int]:
    """Return the jobs with a process in their newest attempt; a batch process has several."""
    found = select(CONTROL.pandaid).where(CONTROL.details["process"].astext == process)
    if queue is not None:
        found = found.where(CONTROL.queue == queue)
    return [*session.scalars(found.order_by(CONTROL.pandaid))]
