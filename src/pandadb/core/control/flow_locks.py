"""Locks of flows, before those of control rows: for verbs of users that change jobs of a flow.

A flow's row in JEDI_TASKS is its lock: jobs are added to the flow, and verbs of users change its
jobs, one transaction at a time. Jobs that begin and end need no lock of the flow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.transaction import Lock, refusing_locked
from pandadb.errors import PandaDBError
from pandadb.models import JediTasks

if TYPE_CHECKING:
    from collections.abc import Collection

    from pandadb.core.sql.transaction import Transaction

TASK = JediTasks.__table__.c


class FlowLocked(PandaDBError):
    """Another transaction has locked a flow for longer than the lock timeout."""


def lock(session: Transaction, flows: Collection[int], how: Lock = Lock.WAIT) -> list[int]:
    """Lock flows in the order of their ids; return those that there are, and that are not skipped.

    Raises:
        FlowLocked: With NOWAIT, another transaction has locked one of them; or the session's
            `lock_timeout` has passed. The transaction can only be rolled back.
    """
    if not flows:
        return []
    rows = select(TASK.jeditaskid).where(is_among(TASK.jeditaskid, flows)).order_by(TASK.jeditaskid)
    locked = rows.with_for_update(nowait=how is Lock.NOWAIT, skip_locked=how is Lock.SKIP)
    with refusing_locked(FlowLocked, "flow"):
        return [*session.scalars(locked)]
