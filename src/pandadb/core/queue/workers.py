"""Workers: processes that take jobs of queues, each with a row while it lives and after."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from pandadb.core.sql.expressions import now
from pandadb.models import JobLease, Worker

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any

    from sqlalchemy import Row

    from pandadb.core.sql.transaction import Transaction

WORKER, LEASE = Worker.__table__.c, JobLease.__table__.c
LAST = Worker.__table__.alias("last").c
KEPT = timedelta(days=7)
"""How long after its last sign of life the row of a worker stays: a weekend, and a week to ask."""


def register(
    session: Transaction,
    worker_id: str,
    *,
    host: str,
    pid: int,
    version: str,
    queues: Sequence[str],
    slots: int,
) -> None:
    """Register a worker that begins, or begins again."""
    row = {
        "worker_id": worker_id,
        "host": host[:255],
        "pid": pid,
        "version": version,
        "queues": [*queues],
        "slots": slots,
    }
    new = insert(Worker.__table__).values(row)
    fresh = {"started_at": now(), "last_seen": now(), "draining": False, "stopped_at": None}
    again = new.on_conflict_do_update(index_elements=["worker_id"], set_={**row, **fresh})
    session.execute(again)


def note_sign(session: Transaction, worker_id: str) -> bool:
    """Note a sign of life of a worker; return whether it is to drain."""
    seen = update(Worker.__table__).where(WORKER.worker_id == worker_id)
    drains = session.execute(seen.values(last_seen=now()).returning(WORKER.draining)).scalar()
    return bool(drains)


def stop(session: Transaction, worker_id: str) -> None:
    """Note that a worker has ended."""
    ended = update(Worker.__table__).where(WORKER.worker_id == worker_id)
    session.execute(ended.values(stopped_at=now(), last_seen=now()))


def drain(session: Transaction, worker_ids: Collection[str]) -> list[str]:
    """Let running workers take no more jobs, and end; return those that there are."""
    chosen = update(Worker.__table__).where(
        WORKER.worker_id.in_([*worker_ids]), WORKER.stopped_at.is_(None)
    )
    return sorted(session.scalars(chosen.values(draining=True).returning(WORKER.worker_id)))


def forget(session: Transaction, limit: int) -> list[str]:
    """Delete the rows of workers that ended or were killed long ago, and have no lease any more.

    A worker that was only cut off gets its row again when it registers. Returns their ids.
    """
    last = func.coalesce(WORKER.stopped_at, WORKER.last_seen)
    is_held = exists().where(LEASE.owner == WORKER.worker_id)
    old = select(WORKER.worker_id).where(last < now() - KEPT, ~is_held).order_by(WORKER.worker_id)
    mine = old.limit(limit).with_for_update(skip_locked=True).cte("old").prefix_with("MATERIALIZED")
    chosen = WORKER.worker_id.in_(select(mine.c.worker_id))
    gone = delete(Worker.__table__).where(chosen).returning(WORKER.worker_id)
    return sorted(session.scalars(gone))


def listed(
    session: Transaction,
    *,
    stopped: bool = False,
    limit: int | None = None,
    after: str | None = None,
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return workers, the newest first, each with the number of its leases, `njobs`.

    With `after`, the id of a worker, those that come after it; none if it is unknown.
    """
    njobs = (
        select(func.count())
        .select_from(JobLease.__table__)
        .where(LEASE.owner == WORKER.worker_id)
        .scalar_subquery()
        .label("njobs")
    )
    rows = select(*WORKER, njobs).order_by(WORKER.started_at.desc(), WORKER.worker_id)
    if not stopped:
        rows = rows.where(WORKER.stopped_at.is_(None))
    if after is not None:
        since = select(LAST.started_at).where(LAST.worker_id == after).scalar_subquery()
        same = and_(WORKER.started_at == since, WORKER.worker_id > after)
        rows = rows.where(or_(WORKER.started_at < since, same))
    return session.execute(rows.limit(limit)).all()
