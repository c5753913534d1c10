"""Numbers of ranges of events that can be taken."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from pandadb.core.events.takes import job_locks, range_requests, take_statement
from pandadb.core.events.takes.take_statement import Pool, is_free
from pandadb.core.sql import id_arrays
from pandadb.models import JediEvents

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Select

    from pandadb.core.events.takes.range_requests import RangeRequest
    from pandadb.core.sql.transaction import Transaction

EVENT = JediEvents.__table__.c


def of_tasks(session: Transaction, tasks: Iterable[int]) -> dict[int, int]:
    """Return how many ranges of tasks can be taken, by any job."""
    tasks = [*dict.fromkeys(tasks)]
    if not tasks:
        return {}
    rows = session.execute(_of_tasks(), {"tasks": tasks})
    return dict.fromkeys(tasks, 0) | dict(map(tuple, rows))


def of_jobs(session: Transaction, requests: Sequence[RangeRequest]) -> dict[int, int]:
    """Return how many ranges active jobs can take, in any state.

    Raises:
        InvalidValue: A request is malformed, or there are two of one job.
    """
    range_requests.check(requests)
    jobs = job_locks.read_jobs(session, [one.pandaid for one in requests])
    found: dict[int, int] = {}
    for pool, takers in range_requests.pools_of(requests, jobs).items():
        given = take_statement.parameters(takers)
        found |= dict(map(tuple, session.execute(_of_pool(pool), given)))
    return found


@cache
def _of_tasks() -> Select[Any]:
    given = id_arrays.unnested("given", jeditaskid=id_arrays.array("tasks")).c
    return (
        select(EVENT.jeditaskid, func.count())
        .join(given.jeditaskid.table, given.jeditaskid == EVENT.jeditaskid)
        .where(is_free(EVENT))
        .group_by(EVENT.jeditaskid)
    )


@cache
def _of_pool(pool: Pool) -> Select[Any]:
    given = take_statement.takers()
    number = select(func.count()).where(take_statement.of_pool(pool, EVENT, given), is_free(EVENT))
    return select(given.pandaid, number.scalar_subquery())
