"""The worker that is given jobs, as parts of the statement of a dispatch: semantics 2.7.

Only workers of known Harvester instances are kept. Harvester itself knows more of them, and writes
the same rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    String,
    and_,
    bindparam,
    case,
    exists,
    literal,
    not_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from pandadb.core.harvester.worker_states import FINAL_STATES, KEPT
from pandadb.core.sql.expressions import constant, constants, now
from pandadb.core.sql.id_arrays import unseen
from pandadb.models import HarvesterInstances, HarvesterRelJobsWorkers, HarvesterWorkers

if TYPE_CHECKING:
    from sqlalchemy import CTE, ColumnElement

WORKER = HarvesterWorkers.__table__.c


def parts(free: CTE) -> list[CTE]:
    """Return the parts that relate `free` jobs to the worker, and note that it runs."""
    return [_related(free), *_running(exists(select(free.c.pandaid)))]


def _worker() -> tuple[ColumnElement[str], ColumnElement[int]]:
    harvester, worker = bindparam("harvester", type_=String), bindparam("worker", type_=BigInteger)
    return unseen(harvester), unseen(worker)


def _is_known() -> ColumnElement[bool]:
    harvester, _ = _worker()
    return exists().where(HarvesterInstances.harvester_id == harvester)


def _related(free: CTE) -> CTE:
    """Relate the jobs to their worker."""
    rows = select(*_worker(), free.c.pandaid, now()).where(_is_known())
    key = ["harvesterid", "workerid", "pandaid"]
    related = insert(HarvesterRelJobsWorkers.__table__).from_select([*key, "lastupdate"], rows)
    seen = related.on_conflict_do_update(index_elements=key, set_={"lastupdate": now()})
    return seen.cte("related")


def _running(has_jobs: ColumnElement[bool]) -> list[CTE]:
    """Note that the worker runs and has a job.

    A row that another transaction has locked is left to it: Harvester has just news of the worker.
    Two dispatches, or a dispatch and a report of Harvester, may both begin a worker: of its rows
    the newest is the worker, and Harvester's next report deletes the others.
    """
    harvester, worker = _worker()
    is_it = and_(WORKER.harvesterid == harvester, WORKER.workerid == worker)
    there = (
        select(WORKER.harvesterid, WORKER.workerid, WORKER.lastupdate)
        .where(is_it, has_jobs, _is_known())
        .with_for_update(skip_locked=True)
        .cte("there")
    )
    has_ended = and_(WORKER.status.in_(constants(FINAL_STATES)), WORKER.lastupdate > now() - KEPT)
    newest = select(there).order_by(there.c.lastupdate.desc()).limit(1).cte("newest")
    seen = (
        update(HarvesterWorkers.__table__)
        .where(is_it, WORKER.lastupdate == newest.c.lastupdate)
        .values(
            status=case((has_ended, WORKER.status), else_=constant("running")),
            njobs=1,
            lastupdate=now(),
        )
        .cte("seen")
    )
    new: dict[str, Any] = {
        "harvesterid": harvester,
        "workerid": worker,
        "lastupdate": now(),
        "status": constant("running"),
        "njobs": literal(1),
    }
    is_new = not_(exists().where(is_it))
    rows = select(*new.values()).where(has_jobs, _is_known(), is_new)
    return [seen, insert(HarvesterWorkers.__table__).from_select([*new], rows).cte("begun")]
