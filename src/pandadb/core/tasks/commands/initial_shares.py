"""Global shares of tasks, found again as for new ones, with those of their jobs."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core.shares import resource_types, tree
from pandadb.core.shares.matching import ShareMatcher
from pandadb.core.sql.expressions import constants
from pandadb.core.sql.id_arrays import is_given, written
from pandadb.core.sql.transaction import connection_of
from pandadb.core.tasks.changes import global_shares
from pandadb.core.tasks.changes.global_shares import ShareChanges
from pandadb.core.tasks.row_locks import refusing_to_wait
from pandadb.core.tasks.states import STATES
from pandadb.models import JediTaskParams, JediTasks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row, Select

    from pandadb.core.sql.transaction import Transaction

TASK, PARAMS = JediTasks.__table__.c, JediTaskParams.__table__.c
MATCHED = (
    "prodsourcelabel", "workinggroup", "campaign", "processingtype", "transpath", "site", "gshare",
    "lockedby",
)  # fmt: skip


def reset(session: Transaction, tasks: Sequence[int], *, running: bool = True) -> ShareChanges:
    """Give tasks the share of their parameters, or else the first that they match.

    Tasks that an agent has locked (`lockedby`), and those that match no share, keep theirs, with
    the reason in `refused`.

    Raises:
        TasksLocked, JobsLocked: A row was locked for longer than the lock timeout.
    """
    if not tasks:
        return ShareChanges()
    with refusing_to_wait():
        rows = session.execute(_tasks(), {"pandaids": written(tasks)}).all()
    matcher = ShareMatcher(tree.leaves(session))
    sites = [resource_types.first_site(row.site) for row in rows if matcher.has_rtypes]
    rtypes = resource_types.of_queues(session, sites)
    free = {row.jeditaskid: row for row in rows if row.lockedby is None}
    found = {task: _share(row, matcher, rtypes) for task, row in free.items()}
    given = {task: share for task, share in found.items() if share != tree.UNDEFINED_SHARE}
    before = {task: free[task].gshare for task in given}
    changes = global_shares.write(session, given, before, running=running)
    for task in {*tasks} - {row.jeditaskid for row in rows}:
        changes.refused[task] = f"There is no task {task}"
    for row in rows:
        if row.lockedby is not None:
            changes.refused[row.jeditaskid] = f"Task {row.jeditaskid} is locked by {row.lockedby}"
        elif row.jeditaskid not in given:
            changes.refused[row.jeditaskid] = f"Task {row.jeditaskid} matches no share"
    return changes


def _share(row: Row[Any], matcher: ShareMatcher, rtypes: Mapping[str, str | None]) -> str:
    asked = asked_share(row.taskparams)
    if asked in {share.name for share in matcher.leaves}:
        return str(asked)
    rtype = rtypes.get(resource_types.first_site(row.site))
    return matcher.share_of_task({**row._mapping, "rtype": rtype})


def asked_share(taskparams: str | None) -> str | None:
    """Return the share that the parameters of a task ask for."""
    try:
        given = json.loads(taskparams or "{}")
    except (ValueError, RecursionError):
        return None
    asked = given.get("gshare") if isinstance(given, dict) else None
    return asked if isinstance(asked, str) else None


def parameters_of(session: Transaction, task: int) -> str | None:
    """Return the parameters of a task as they are stored, in JSON."""
    params = select(PARAMS.taskparams).where(PARAMS.jeditaskid == task)
    text: str | None = connection_of(session).scalar(params)
    return text


def unended(session: Transaction) -> list[int]:
    """Return the tasks that are in no final state, in the order of their ids."""
    final = constants(name for name, state in STATES.items() if state.final)
    tasks = select(TASK.jeditaskid).where(TASK.status.not_in(final)).order_by(TASK.jeditaskid)
    return [*connection_of(session).scalars(tasks)]


@cache
def _tasks() -> Select[Any]:
    return (
        select(TASK.jeditaskid, *(TASK[name] for name in MATCHED), PARAMS.taskparams)
        .outerjoin_from(
            JediTasks.__table__, JediTaskParams.__table__, PARAMS.jeditaskid == TASK.jeditaskid
        )
        .where(is_given(TASK.jeditaskid))
        .order_by(TASK.jeditaskid)
        .with_for_update(of=JediTasks.__table__)
    )
