"""Numbers of workers by queue, type and state: HARVESTER_WORKER_STATS; semantics 9.

Harvester reports them for one queue at a time; or they are counted from HARVESTER_WORKERS.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, literal, select, union
from sqlalchemy.dialects.postgresql import insert

from pandadb.core.harvester.worker_locks import free_turns, take_turns
from pandadb.core.harvester.worker_states import LIVE_STATES
from pandadb.core.sql.expressions import constant, constants, now
from pandadb.core.sql.transaction import Lock
from pandadb.core.sql.validation import InvalidValue, check_columns, shown
from pandadb.models import HarvesterWorkers, HarvesterWorkerStats

if TYPE_CHECKING:
    from collections.abc import Collection

    from pandadb.core.sql.transaction import Transaction

STATS = HarvesterWorkerStats.__table__.c
WORKER = HarvesterWorkers.__table__.c
Counts = Mapping[str, Mapping[str, Mapping[str, int]]]
"""Numbers of workers by job type, resource type and state."""
UNDEFINED = "Undefined"
"""A resource type that Harvester does not know: its workers are not counted."""
ANY = "ANY"
"""Stands for a job type or resource type that a worker does not have."""
FRESH = timedelta(hours=4)
"""Reports that are older do not count."""
LOCKED = "another transaction writes the numbers of this queue"


def read_counts(harvester: str, queue: str, counts: Any) -> list[dict[str, Any]]:
    """Return the rows of a report on one queue.

    Raises:
        InvalidValue: It is no object of objects, or a value does not fit its column.
    """
    check_columns(HarvesterWorkerStats, {"harvester_id": harvester, "computingsite": queue})
    rows = []
    for jobtype, kinds in _items(counts, "a report"):
        for kind, states in _items(kinds, f"job type {shown(jobtype)}"):
            if kind == UNDEFINED:
                continue
            for status, number in _items(states, f"resource type {shown(kind)}"):
                row = {
                    "jobtype": jobtype, "resourcetype": kind, "status": status, "n_workers": number,
                }  # fmt: skip
                check_columns(HarvesterWorkerStats, row)
                rows.append({"harvester_id": harvester, "computingsite": queue, **row})
    return rows


def _items(given: Any, name: str) -> Collection[tuple[str, Any]]:
    if not isinstance(given, Mapping):
        raise InvalidValue(f"{name} has to be an object, not {shown(given)}")
    return given.items()


def report(
    session: Transaction, harvester: str, given: Mapping[str, Any], lock: Lock = Lock.NOWAIT
) -> dict[str, str]:
    """Replace the numbers of queues by those that Harvester reports; return refusals by queue.

    With SKIP or NOWAIT a queue is refused, not waited for, while another transaction writes them.
    """
    refused, rows = {}, {}
    for queue, counts in given.items():
        try:
            rows[queue] = read_counts(harvester, queue, counts)
        except InvalidValue as error:
            refused[queue] = str(error)
    names = {_turn(harvester, queue): queue for queue in rows}
    free = {names[name] for name in free_turns(session, names, lock)}
    refused |= dict.fromkeys(rows.keys() - free, LOCKED)
    _replace(session, harvester, free, [row for queue in sorted(free) for row in rows[queue]])
    return refused


def _turn(harvester: str, queue: str) -> str:
    return f"numbers of {harvester} at {queue}"


def _replace(
    session: Transaction, harvester: str, queues: Collection[str], rows: list[dict[str, Any]]
) -> None:
    if queues:
        gone = delete(HarvesterWorkerStats.__table__)
        session.execute(
            gone.where(STATS.harvester_id == harvester, STATS.computingsite.in_(queues))
        )
    if rows:
        session.execute(insert(HarvesterWorkerStats.__table__).values(lastupdate=now()), rows)


def count(session: Transaction, harvester: str) -> int:
    """Replace the numbers of an instance by counts of its workers that have not ended.

    Return the number of rows. Workers without a job type or resource type count as ANY.
    """
    of_instance = select(STATS.computingsite).where(STATS.harvester_id == harvester)
    of_workers = select(WORKER.computingsite).where(WORKER.harvesterid == harvester, *_is_live())
    queues = session.scalars(union(of_instance, of_workers)).all()
    take_turns(session, *(_turn(harvester, queue) for queue in sorted(queues)))
    _replace(session, harvester, queues, [])
    key = (
        WORKER.computingsite,
        func.coalesce(WORKER.resourcetype, constant(ANY)),
        WORKER.status,
        func.coalesce(WORKER.jobtype, constant(ANY)),
    )
    rows = (
        select(literal(harvester), *key, func.count(WORKER.workerid.distinct()), now())
        .where(WORKER.harvesterid == harvester, WORKER.computingsite.in_(queues), *_is_live())
        .where(WORKER.resourcetype.is_distinct_from(constant(UNDEFINED)))
        .group_by(*key)
    )
    names = [
        "harvester_id", "computingsite", "resourcetype", "status", "jobtype", "n_workers",
        "lastupdate",
    ]  # fmt: skip
    made = insert(HarvesterWorkerStats.__table__).from_select(names, rows)
    return len(session.execute(made.returning(STATS.status)).all())


def _is_live() -> tuple[Any, ...]:
    return WORKER.status.in_(constants(LIVE_STATES)), WORKER.computingsite.is_not(None)


def read(session: Transaction) -> dict[str, dict[str, dict[str, dict[str, dict[str, int]]]]]:
    """Return the numbers reported in the last four hours.

    By queue, instance, job type, resource type and state.
    """
    key = (
        STATS.computingsite, STATS.harvester_id, STATS.jobtype, STATS.resourcetype, STATS.status,
    )  # fmt: skip
    rows = select(*key, func.sum(STATS.n_workers).label("n")).group_by(*key).order_by(*key)
    found: dict[str, Any] = {}
    for row in session.execute(rows.where(STATS.lastupdate >= now() - FRESH)):
        place = found
        for part in row[:4]:
            place = place.setdefault(part, {})
        place[row.status] = row.n
    return found
