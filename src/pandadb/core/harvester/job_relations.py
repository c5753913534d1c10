"""The jobs of workers, as Harvester lists them: HARVESTER_REL_JOBS_WORKERS; semantics 9."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, bindparam, delete, exists, func, not_, select
from sqlalchemy.dialects.postgresql import insert

from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import array, unnested, written
from pandadb.models import HarvesterRelJobsWorkers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Select, TableValuedAlias

    from pandadb.core.harvester.worker_reports import WorkerReport
    from pandadb.core.sql.transaction import Transaction

RELATION = HarvesterRelJobsWorkers.__table__.c
HARVESTER = bindparam("harvester", type_=String)


def write(session: Transaction, harvester: str, reports: Iterable[WorkerReport]) -> None:
    """Relate workers to the jobs of their lists, and to no others; without a list nothing changes.

    The list is authoritative: relations to other jobs are deleted.
    """
    listed = [one for one in reports if one.pandaids]
    if not listed:
        return
    pairs = [(one.workerid, job) for one in listed for job in one.pandaids]
    given = {
        "harvester": harvester,
        "listed": written(one.workerid for one in listed),
        "workerids": written(worker for worker, _ in pairs),
        "pandaids": written(job for _, job in pairs),
    }
    session.execute(_statement(), given)


def _pairs() -> TableValuedAlias:
    return unnested("pairs", workerid=array("workerids"), pandaid=array("pandaids"))


@cache
def _statement() -> Select[Any]:
    pairs = _pairs()
    key = ["harvesterid", "workerid", "pandaid"]
    rows = select(HARVESTER, pairs.c.workerid, pairs.c.pandaid, now())
    rows = rows.order_by(pairs.c.workerid, pairs.c.pandaid)
    related = insert(HarvesterRelJobsWorkers.__table__).from_select([*key, "lastupdate"], rows)
    seen = related.on_conflict_do_update(
        index_elements=key, set_={"lastupdate": related.excluded.lastupdate}
    )
    others = _pairs().alias("kept")
    is_listed = exists().where(
        others.c.workerid == RELATION.workerid, others.c.pandaid == RELATION.pandaid
    )
    gone = delete(HarvesterRelJobsWorkers.__table__).where(
        RELATION.harvesterid == HARVESTER,
        RELATION.workerid == func.any(array("listed")),
        not_(is_listed),
    )
    return select(func.now()).add_cte(seen.cte("seen"), gone.cte("gone"))
