"""Claims: activated jobs of a queue for a worker, by priority, then age, in one statement."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Float, String, bindparam, exists, func, select

from pandadb.core.jobs import move_statement
from pandadb.core.jobs.dispatch import dispatch_candidates
from pandadb.core.jobs.dispatch.dispatches import MAX_INTEGER, SPARE_CANDIDATES, route_of
from pandadb.core.jobs.refusals import refusing_to_wait
from pandadb.core.queue import leases
from pandadb.core.queue.leases import CONTROL, Lease
from pandadb.core.sql.expressions import interval
from pandadb.core.sql.id_arrays import unseen
from pandadb.core.sql.prepared import send
from pandadb.core.statemachine.effects import moment
from pandadb.models import JobControl
from pandadb.models.schemas.control import JOB_LEASE_TOKEN_SEQ

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import CTE, ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction

OWN_COLUMNS = ("pandaid", "attemptnr", "maxattempt", "jeditaskid")
KIND = ("prodsourcelabel", "gshare")
PLACE_COLUMNS = (*KIND, "currentpriority")


class ClaimPosition(NamedTuple):
    """The last job of a claim that took the first jobs of a long queue: the next are after it."""

    label: str
    share: str
    priority: int
    pandaid: int


class Claimed(NamedTuple):
    """The result of a claim."""

    leases: list[Lease]
    position: ClaimPosition | None
    """None if jobs of several kinds or priorities are near the head of the queue."""


def claim(
    session: Transaction, queue: str, njobs: int, *, owner: str, seconds: float, host: str
) -> Claimed:
    """Take activated jobs of a queue to `sent`, each under a new lease.

    Jobs without a control row are PanDA's own and are left. Jobs that others have locked are
    skipped; the result is empty only if no job is left. One statement claims all.
    """
    given = {**_given(queue, njobs, owner, seconds, host), "shares": [], "labels": None}
    reach = njobs + SPARE_CANDIDATES
    while njobs > 0:
        taken, seen = _sent(session, _statement(), {**given, "reach": reach})
        if taken or seen < reach:
            position = _position(taken) if len(taken) == njobs and seen == reach else None
            return Claimed([_lease(row, queue, owner) for row in taken], position)
        reach = min(4 * reach, MAX_INTEGER)  # others have the jobs in reach, or they are PanDA's
    return Claimed([], None)


def claim_after(
    session: Transaction,
    queue: str,
    njobs: int,
    position: ClaimPosition,
    *,
    owner: str,
    seconds: float,
    host: str,
) -> Claimed:
    """Claim jobs of the priority of a position, after its job, and of higher priorities.

    Jobs that came back to an earlier place are not found, nor are those of lower priorities.
    """
    place = {**position._asdict(), "after": position.pandaid, "reach": njobs + SPARE_CANDIDATES}
    given = {**_given(queue, njobs, owner, seconds, host), **place}
    taken, _ = _sent(session, _statement(is_after=True), given)
    last = max((row[0] for row in taken if row[-2] == position.priority), default=0)
    reached = position._replace(pandaid=max(last, position.pandaid))
    return Claimed([_lease(row, queue, owner) for row in taken], reached)


def _given(queue: str, njobs: int, owner: str, seconds: float, host: str) -> dict[str, Any]:
    return {
        "site": queue,
        "njobs": njobs,
        "owner": owner,
        "seconds": seconds,
        "host": host[:128],
    }


def _sent(
    session: Transaction, statement: Select[Any], given: dict[str, Any]
) -> tuple[list[tuple[Any, ...]], int]:
    """Send a claim; return the rows of the jobs, and the number of candidates."""
    with refusing_to_wait():
        rows = send(session, statement, given)
    return [row for row in rows if row[0]], rows[0][-1]


def _position(rows: Sequence[tuple[Any, ...]]) -> ClaimPosition | None:
    """Return the position of the last job, if all are of one kind and priority."""
    if len({row[-4:-1] for row in rows}) != 1:
        return None
    label, share, priority = rows[-1][-4:-1]
    return ClaimPosition(label, share, priority, rows[-1][0])


def _lease(row: tuple[Any, ...], queue: str, owner: str) -> Lease:
    pandaid, attemptnr, maxattempt, jeditaskid, token, until, kind, public_id, name, text = row[:10]
    return Lease(
        pandaid=pandaid,
        token=token,
        until=until,
        owner=owner,
        queue=queue,
        kind=kind,
        attemptnr=attemptnr,
        maxattempt=maxattempt,
        public_id=public_id,
        name=name,
        jeditaskid=jeditaskid,
        parameters=json.loads(text) if text else {},
    )


@cache
def _statement(*, is_after: bool = False) -> Select[Any]:
    """Return the statement; its rows are the jobs in the order of the claim, and the candidates.

    One row without a job if none was free.
    """
    if is_after:
        candidates = dispatch_candidates.following()
    else:
        candidates = dispatch_candidates.candidates(False, ())
    controlled = exists().where(CONTROL.pandaid == dispatch_candidates.JOB.pandaid)
    chosen = dispatch_candidates.free(
        candidates, False, (), controlled, columns=(*OWN_COLUMNS, *PLACE_COLUMNS)
    )
    free = _with_tokens(chosen)
    at, *then = move_statement.moving(route_of(OWN_COLUMNS, ()), free)
    until = moment() + interval(unseen(bindparam("seconds", type_=Float)))
    taken = free.join(JobControl.__table__, CONTROL.pandaid == free.c.pandaid)
    job = [free.c[name] for name in OWN_COLUMNS]
    lease = [free.c.token, until, CONTROL.kind, CONTROL.public_id, CONTROL.name]
    place = [*(func.coalesce(free.c[name], "") for name in KIND), free.c.currentpriority]
    reached = func.cardinality(candidates.c.pandaids)
    return (
        select(*job, *lease, leases.payload(free.c.pandaid), *place, reached)
        .select_from(candidates.outerjoin(taken, candidates.c.pandaids.is_not(None)))
        .order_by(free.c.place)
        .add_cte(at, *then, _leased(free, until))
    )


def _with_tokens(free: CTE) -> CTE:
    """Give each job the token of its new lease.

    So the parts that write the jobs and the leases are not joined: the planner would expect few
    rows of them, and compare each with each.
    """
    rows = select(*free.c, JOB_LEASE_TOKEN_SEQ.next_value().label("token"))
    return rows.cte("claimed").prefix_with("MATERIALIZED")


def _leased(free: CTE, until: ColumnElement[Any]) -> CTE:
    owner = unseen(bindparam("owner", type_=String))
    return leases.storing(select(free.c.pandaid, free.c.token, until, owner)).cte("leased")
