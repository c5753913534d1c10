"""Global shares of retried tasks, found again as for new ones, with those of their jobs."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, String, bindparam, select, update

from pandadb.core.jobs.refusals import refusing_to_wait
from pandadb.core.shares import ranking
from pandadb.core.sql.expressions import constants
from pandadb.core.sql.id_arrays import array, is_given, is_one_of, unnested, written
from pandadb.core.tasks.refinement.surroundings import first_site, queue_resource_types
from pandadb.models import JediTaskParams, JediTasks
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row, Select, Update

    from pandadb.core.shares.ranking import Share
    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import JobTable

TASK, PARAMS = JediTasks.__table__.c, JediTaskParams.__table__.c
MOVED_JOBS = (
    "pending", "defined", "assigned", "waiting", "activated", "running", "starting",
)  # fmt: skip
"""States of jobs that go to the new share of their task."""
MATCHED = (
    "prodsourcelabel", "workinggroup", "campaign", "processingtype", "transpath", "site", "gshare",
)  # fmt: skip


def reset(session: Transaction, tasks: Sequence[int]) -> dict[int, str]:
    """Give tasks the share of their parameters, or else the first that they match.

    The tasks with another share than before are returned, with it. Tasks that an agent has locked
    (`lockedby`), and those that match no share, keep theirs.
    """
    rows = session.execute(_tasks(), {"pandaids": written(tasks)}).all() if tasks else []
    if not rows:
        return {}
    shares = ranking.leaves(session)
    types = queue_resource_types(session, [first_site(row.site) for row in rows])
    found = {row.jeditaskid: _share(row, shares, types) for row in rows}
    given = {task: share for task, share in found.items() if share is not None}
    _write(session, given)
    before = {row.jeditaskid: row.gshare for row in rows}
    return {task: share for task, share in given.items() if share != before[task]}


def _share(row: Row[Any], shares: Sequence[Share], types: Mapping[str, str | None]) -> str | None:
    asked = _params(row.taskparams).get("gshare")
    if asked in {share.name for share in shares}:
        return str(asked)
    task = {**row._asdict(), "rtype": types.get(first_site(row.site))}
    share = ranking.share_of_task(task, shares)
    return None if share == ranking.UNDEFINED_SHARE else share


def _params(text: str | None) -> Mapping[str, Any]:
    try:
        given = json.loads(text or "{}")
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}


@cache
def _tasks() -> Select[Any]:
    return (
        select(TASK.jeditaskid, *(TASK[name] for name in MATCHED), PARAMS.taskparams)
        .outerjoin_from(
            JediTasks.__table__, JediTaskParams.__table__, PARAMS.jeditaskid == TASK.jeditaskid
        )
        .where(is_given(TASK.jeditaskid), TASK.lockedby.is_(None))
        .order_by(TASK.jeditaskid)
    )


def _write(session: Transaction, shares: Mapping[int, str]) -> None:
    parameters = {"tasks": [*shares], "shares": [*shares.values()]}
    with refusing_to_wait():
        for statement in (_task_update(), *map(_job_update, LIVE_TABLES)):
            session.execute(statement, parameters)


def _given() -> Any:
    shares = bindparam("shares", type_=ARRAY(String))
    return unnested("given", jeditaskid=array("tasks"), gshare=shares).c


@cache
def _task_update() -> Update:
    given = _given()
    changed = update(JediTasks.__table__).where(TASK.jeditaskid == given.jeditaskid)
    return changed.values(gshare=given.gshare)


@cache
def _job_update(table: JobTable) -> Update:
    """Return the statement that changes the jobs, locked in the order of their ids."""
    job, given = table.__table__.c, _given()
    picked = (
        select(job.pandaid)
        .where(
            is_one_of(job.jeditaskid, select(given.jeditaskid)),
            job.jobstatus.in_(constants(MOVED_JOBS)),
        )
        .order_by(job.pandaid)
        .with_for_update(of=table.__table__)
        .cte("picked")
        .prefix_with("MATERIALIZED")
    )
    return (
        update(table.__table__)
        .where(is_one_of(job.pandaid, select(picked.c.pandaid)), job.jeditaskid == given.jeditaskid)
        .values(gshare=given.gshare)
    )
