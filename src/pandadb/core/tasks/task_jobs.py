"""The jobs of tasks that have not ended: found, held back, given another priority."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, BigInteger, cast, func, literal, select, union_all, update

from pandadb.core.jobs.refusals import refusing_to_wait
from pandadb.core.sql.expressions import constants
from pandadb.core.sql.id_arrays import array, is_one_of, written
from pandadb.core.sql.transaction import connection_of
from pandadb.models import JobsActive4
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Update

    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import JobTable

AT_WORK = ("running", "holding", "transferring")
"""States of jobs that are not queued."""


def live_jobs(
    session: Transaction, tasks: Sequence[int], *, queued: bool = False
) -> dict[int, list[int]]:
    """Return the jobs of tasks that have not ended, by task; `queued`: those not at work yet."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    if not tasks:
        return found
    selects = []
    for table in LIVE_TABLES:
        job = table.__table__.c
        chosen = select(job.jeditaskid, job.pandaid).where(_is_of(table))
        if queued:
            chosen = chosen.where(job.jobstatus.not_in(constants(AT_WORK)))
        selects.append(chosen)
    both = union_all(*selects).subquery()
    rows = session.execute(select(both).order_by(both.c.pandaid), {"tasks": written(tasks)})
    for task, pandaid in rows:
        found[task].append(pandaid)
    return found


def set_state(session: Transaction, tasks: Sequence[int], before: str, after: str) -> int:
    """Change the state of the tasks' jobs in JOBSACTIVE4; return how many.

    As the server does it for a pause: neither times nor the status log are written.
    """
    job = JobsActive4.__table__.c
    changed = _change(JobsActive4, {"jobstatus": literal(after)}, job.jobstatus == before)
    return _carry_out(session, [changed], tasks)


def set_priority(session: Transaction, tasks: Sequence[int], priority: int) -> int:
    """Change the priority of the tasks' live jobs; return how many."""
    changes = [_change(table, {"currentpriority": literal(priority)}) for table in LIVE_TABLES]
    return _carry_out(session, changes, tasks)


def _carry_out(session: Transaction, changes: Sequence[Update], tasks: Sequence[int]) -> int:
    if not tasks:
        return 0
    with refusing_to_wait():
        connection = connection_of(session)
        done = [connection.execute(one, {"tasks": written(tasks)}).rowcount for one in changes]
    return sum(done)


def _change(table: JobTable, values: dict[str, Any], *chosen: ColumnElement[bool]) -> Update:
    """Return the statement that changes jobs of tasks, locked in the order of their ids."""
    job = table.__table__.c
    picked = (
        select(job.pandaid)
        .where(_is_of(table), *chosen)
        .order_by(job.pandaid)
        .with_for_update()
        .cte("picked")
        .prefix_with("MATERIALIZED")
    )
    return (
        update(table.__table__)
        .where(is_one_of(job.pandaid, select(picked.c.pandaid)))
        .values(values)
    )


def _is_of(table: JobTable) -> ColumnElement[bool]:
    given = cast(array("tasks"), ARRAY(BigInteger))
    return table.__table__.c.jeditaskid == func.any(given)
