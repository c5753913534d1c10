"""Work queues: the queue that a task is tagged with (semantics 7.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from pandadb.core.shares.criteria import parse_criteria, parse_variables
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import GlobalShares, JediWorkQueue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.sql.transaction import Transaction

VO_OF_SHARES = "atlas"
"""The VO of shares without one."""


@dataclass(frozen=True)
class WorkQueue:
    """A work queue; or a leaf of the shares, to be found by name only."""

    queue_id: int
    name: str
    vo: str
    label: str | None
    criteria: str | None = None
    variables: str | None = None
    is_share: bool = False


def work_queues(session: Transaction) -> list[WorkQueue]:
    """Return the queues that are in use, in their order, then the shares."""
    queue = JediWorkQueue.__table__.c
    rows = session.execute(
        select(JediWorkQueue.__table__)
        .where(or_(queue.status.is_(None), queue.status != "inactive"))
        .order_by(queue.queue_order.nulls_last(), queue.queue_id)
    )
    queues = [
        WorkQueue(row.queue_id, row.queue_name, row.vo, row.queue_type, row.criteria, row.variables)
        for row in rows
    ]
    return queues + _shares(session)


def _shares(session: Transaction) -> list[WorkQueue]:
    rows = session.execute(select(GlobalShares.__table__).order_by(GlobalShares.name)).all()
    parents = {row.parent for row in rows}
    return [
        WorkQueue(
            row.queue_id, row.name, row.vo or VO_OF_SHARES, row.prodsourcelabel, is_share=True
        )
        for row in rows
        if row.name not in parents and row.queue_id is not None
    ]


def queue_of(
    task: Mapping[str, Any], queues: Sequence[WorkQueue], name: str | None = None
) -> WorkQueue | None:
    """Return the queue of that name, else the first with criteria that the task meets.

    `task` has columns of JEDI_TASKS; queues of its VO and label are tried, and None is returned
    without a match. A queue with criteria that cannot be read is left out.
    """
    own = [one for one in queues if (one.vo, one.label) == (task["vo"], task["prodsourcelabel"])]
    given = next((one for one in own if one.name == name), None)
    return given or next((one for one in own if not one.is_share and _is_met(one, task)), None)


def _is_met(queue: WorkQueue, task: Mapping[str, Any]) -> bool:
    try:
        criteria = parse_criteria(queue.criteria, parse_variables(queue.variables))
        return bool(criteria(task))
    except InvalidValue:
        return False
