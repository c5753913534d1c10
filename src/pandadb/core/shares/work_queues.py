"""Work queues: the queue that a task is tagged with (semantics 7.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from pandadb.core.shares import tree
from pandadb.core.shares.criteria import parse_criteria, parse_variables
from pandadb.core.shares.matching import Trial
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import JediWorkQueue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pandadb.core.sql.transaction import Transaction

VO_OF_SHARES = "atlas"
"""The VO of shares without one."""
NOT_MET = "its criteria are not met"


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
    """Return the queues that are in use, in their order, then the leaves of the shares."""
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
    return [
        WorkQueue(
            share.queue_id,
            share.name,
            share.vo or VO_OF_SHARES,
            share.patterns.get("prodsourcelabel"),
            is_share=True,
        )
        for share in tree.leaves(session)
        if share.queue_id is not None
    ]


def queue_of(
    task: Mapping[str, Any], queues: Sequence[WorkQueue], name: str | None = None
) -> WorkQueue | None:
    """Return the queue of that name, else the first with criteria that the task meets.

    `task` has columns of JEDI_TASKS; queues of its VO and label are tried, and None is returned
    without a match. A queue with criteria that cannot be read, or not decided, is left out.
    """
    given = next((one for one in _own(task, queues) if one.name == name), None)
    return given or next((one for one, reason in _trials(task, queues) if reason is None), None)


def explain(task: Mapping[str, Any], queues: Sequence[WorkQueue]) -> list[Trial]:
    """Return the queues that were tried for a task in their order, up to the first that it meets.

    Each has the reason why the task is not for it.
    """
    trials: list[Trial] = []
    for queue, reason in _trials(task, queues):
        trials.append(Trial(queue.name, reason))
        if reason is None:
            break
    return trials


def _own(task: Mapping[str, Any], queues: Sequence[WorkQueue]) -> list[WorkQueue]:
    return [one for one in queues if (one.vo, one.label) == (task["vo"], task["prodsourcelabel"])]


def _trials(
    task: Mapping[str, Any], queues: Sequence[WorkQueue]
) -> Iterator[tuple[WorkQueue, str | None]]:
    for queue in _own(task, queues):
        if not queue.is_share:
            yield queue, _mismatch(queue, task)


def _mismatch(queue: WorkQueue, task: Mapping[str, Any]) -> str | None:
    try:
        criteria = parse_criteria(queue.criteria, parse_variables(queue.variables))
        return None if criteria(task) else NOT_MET
    except InvalidValue as error:
        return str(error)
