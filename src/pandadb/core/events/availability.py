"""Numbers of ranges of events that can be taken."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, literal_column, select

from pandadb.core.events.states import EventStatus
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import constants
from pandadb.models import JediEvents

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.effects import Columns

EVENT = JediEvents.__table__.c


def is_free(event: Columns) -> ColumnElement[bool]:
    """Return whether a range can be taken."""
    ready = event["status"] == constants([EventStatus.READY.value])[0]
    return and_(ready, event["attemptnr"] > literal_column("0"))


def of_tasks(session: Transaction, tasks: Iterable[int]) -> dict[int, int]:
    """Return how many ranges of tasks can be taken, by any job."""
    tasks = [*dict.fromkeys(tasks)]
    if not tasks:
        return {}
    found: dict[int, int] = dict.fromkeys(tasks, 0)
    rows = session.execute(_of_tasks(), {"tasks": tasks})
    return found | dict(map(tuple, rows))


@cache
def _of_tasks() -> Select[Any]:
    given = id_arrays.unnested("given", jeditaskid=id_arrays.array("tasks")).c
    return (
        select(EVENT.jeditaskid, func.count())
        .join(given.jeditaskid.table, given.jeditaskid == EVENT.jeditaskid)
        .where(is_free(EVENT))
        .group_by(EVENT.jeditaskid)
    )
