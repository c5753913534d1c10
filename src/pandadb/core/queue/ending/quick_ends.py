"""The end of jobs that nothing follows: their leases end and they move in one statement."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, select

from pandadb.core.control.followers import has_followers
from pandadb.core.jobs import calls, move_statement, mover, states
from pandadb.core.jobs.calls import Call
from pandadb.core.jobs.move_statement import MovedJob, Route
from pandadb.core.jobs.mover import Consequences, MoveResult
from pandadb.core.jobs.refusals import refusing_to_wait
from pandadb.core.queue import leases
from pandadb.core.queue.leases import CONTROL, LEASE
from pandadb.core.sql.id_arrays import is_one_of
from pandadb.core.sql.prepared import CACHE_SIZE, send
from pandadb.core.sql.transaction import Lock
from pandadb.models import JobsActive4, JobsArchived4

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Select

    from pandadb.core.queue.leases import Lease
    from pandadb.core.sql.transaction import Transaction

(STEP,) = states.transitions("finish")


def finish(
    session: Transaction,
    held: Sequence[Lease],
    *,
    host: str,
    values: Mapping[str, Any],
    store: Callable[[Sequence[int]], None],
) -> tuple[MoveResult, set[int]]:
    """Finish jobs by their leases if nothing follows them; return also the jobs with ended leases.

    `store` stores the results of the jobs that have moved, before all that belongs to them is
    given the time of the end. Jobs with lost leases, or that others follow, are left.
    """
    parameters = {**leases.parameters(held), **values, "host": host[:128]}
    with refusing_to_wait():
        found = send(session, _statement(tuple(values)), parameters)
    rows = [MovedJob(*row) for row in found if row[1] is not None]
    done, then = MoveResult(), Consequences()
    store([one.pandaid for one in rows])
    mover.note(session, rows, STEP, done, then, accounted=True, has_leases=False)
    given = Call("finish", (STEP,), host, values, Lock.WAIT)
    calls.settle(session, given, done, then)
    return done, {row[0] for row in found}


@lru_cache(CACHE_SIZE)
def _statement(values: tuple[str, ...]) -> Select[Any]:
    followed = exists().where(CONTROL.pandaid == LEASE.pandaid, has_followers())
    closed = leases.closing(~followed)
    route = Route(STEP, JobsActive4, JobsArchived4, values, accounted=True, spares_events=True)
    return move_statement.statement(
        route, lambda job: is_one_of(job.__table__.c.pandaid, select(closed.c.pandaid)), closed
    )
