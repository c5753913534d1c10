"""Points of a search for hyper-parameters (HO): each waits for a worker, a job. Job generation 9.

The service that steers the search stores points as ranges of events that are ready. A worker that
has no point yet takes one of them; so as many files are picked as there are points without one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import except_, func, literal, select, union, union_all, update

from pandadb.core.events.states import EventStatus
from pandadb.core.generation.task_rules import rules_of
from pandadb.core.sql.expressions import constants, now
from pandadb.core.sql.id_arrays import is_among, is_given, written
from pandadb.core.sql.transaction import connection_of
from pandadb.core.tasks.commands import requests
from pandadb.core.tasks.requesters import Requester
from pandadb.core.tasks.split_rules import has_rule, rule_number
from pandadb.models import (
    FilesTable4,
    JediEvents,
    JediTasks,
    JobsActive4,
    JobsDefined4,
    TTask,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import CompoundSelect

    from pandadb.core.generation.slices import Row
    from pandadb.core.sql.transaction import Transaction

TASK, DEFT, EVENT = JediTasks.__table__.c, TTask.__table__.c, JediEvents.__table__.c
FILE = FilesTable4.__table__.c
PSEUDO = "pseudo_input"
"""The type of the files that workers have."""
TAKEN = (EventStatus.SENT, EventStatus.RUNNING)
NO_POINTS = "no points of the search wait for a job"
ENOUGH_WORKERS = "no point of the search lacks a job"
ENOUGH_JOBS = "no further jobs: the search has had all that it may have (MN)"
MAX_IDLE = timedelta(hours=24)
"""The time after which a search without points and jobs is finished."""


@dataclass
class Points:
    """The points and the jobs of a task."""

    waiting: dict[int, int] = field(default_factory=dict)
    """Points of each dataset that are ready."""
    workers: dict[int, int] = field(default_factory=dict)
    """Jobs of each dataset that have no point now."""

    def free(self, dataset: int) -> int:
        """Return the points of a dataset that no job will take."""
        return max(self.waiting.get(dataset, 0) - self.workers.get(dataset, 0), 0)

    @property
    def is_idle(self) -> bool:
        """Return whether there is neither a point nor a job."""
        return not any(self.waiting.values()) and not any(self.workers.values())

    @property
    def is_covered(self) -> bool:
        """Return whether no point lacks a job."""
        return not any(map(self.free, self.waiting))


def read(session: Transaction, tasks: Sequence[Row]) -> tuple[list[Row], dict[int, Points]]:
    """Return the tasks that can have jobs, and the points of those that search.

    A search without a point for another job is unlocked, with the reason; it is finished when it
    has had all jobs that it may have, or was idle for a day.
    """
    searches = {task["jeditaskid"]: task for task in tasks if has_rule(rules_of(task), "HO")}
    if not searches:
        return [*tasks], {}
    points = _points(session, searches)
    full = _full(session, searches.values())
    covered = [task for task in searches if task not in full and points[task].is_covered]
    _leave(session, full, ENOUGH_JOBS)
    _leave(session, [t for t in covered if points[t].waiting], ENOUGH_WORKERS)
    _leave(session, [t for t in covered if not points[t].waiting], NO_POINTS)
    idle = [task for task in covered if points[task].is_idle]
    frozen = {task: searches[task]["frozentime"] for task in idle}
    _freeze(session, [task for task, since in frozen.items() if since is None])
    _thaw(session, [task for task in covered if task not in idle])
    _finish(session, full, "all jobs are made")
    _finish(session, _old(session, frozen), "idle")
    left = {*full, *covered}
    return [task for task in tasks if task["jeditaskid"] not in left], points


def _points(session: Transaction, tasks: Iterable[int]) -> dict[int, Points]:
    found: dict[int, Points] = defaultdict(Points)
    rows = connection_of(session).execute(_select(), {"pandaids": written(tasks)})
    for kind, task, dataset, number in rows:
        getattr(found[task], kind)[dataset] = number
    return found


@cache
def _select() -> CompoundSelect[Any]:
    """Count the points that are ready, and the jobs with a pseudo input that have no point."""
    waiting = (
        select(literal("waiting"), EVENT.jeditaskid, EVENT.datasetid, func.count())
        .where(is_given(EVENT.jeditaskid), EVENT.status == EventStatus.READY)
        .group_by(EVENT.jeditaskid, EVENT.datasetid)
    )
    jobs = union(
        *(
            select(job.jeditaskid, job.pandaid, FILE.datasetid)
            .join(FILE.pandaid.table, FILE.pandaid == job.pandaid)
            .where(is_given(job.jeditaskid), FILE.type == PSEUDO)
            for job in (JobsDefined4.__table__.c, JobsActive4.__table__.c)
        )
    )
    busy = select(EVENT.jeditaskid, EVENT.pandaid, EVENT.datasetid).where(
        is_given(EVENT.jeditaskid), EVENT.status.in_(constants(TAKEN))
    )
    free = except_(jobs, busy).subquery("free").c
    workers = select(literal("workers"), free.jeditaskid, free.datasetid, func.count()).group_by(
        free.jeditaskid, free.datasetid
    )
    return union_all(waiting, workers)


def _full(session: Transaction, tasks: Iterable[Row]) -> list[int]:
    """Return the tasks that have had all jobs that they may have (MN)."""
    limits = {task["jeditaskid"]: rule_number(rules_of(task), "MN") for task in tasks}
    limits = {task: limit for task, limit in limits.items() if limit is not None}
    rows = session.execute(
        select(DEFT.taskid, DEFT.total_req_jobs).where(is_among(DEFT.taskid, [*limits]))
    )
    return [task for task, number in rows if (number or 0) >= (limits[task] or 0)]


def _leave(session: Transaction, tasks: Sequence[int], reason: str) -> None:
    left = update(JediTasks.__table__).where(is_among(TASK.jeditaskid, tasks))
    if tasks:
        session.execute(left.values(lockedby=None, lockedtime=None, errordialog=reason))


def _freeze(session: Transaction, tasks: Sequence[int]) -> None:
    if tasks:
        frozen = update(JediTasks.__table__).where(is_among(TASK.jeditaskid, tasks))
        session.execute(frozen.values(frozentime=now()))


def _thaw(session: Transaction, tasks: Sequence[int]) -> None:
    if tasks:
        thawed = update(JediTasks.__table__).where(is_among(TASK.jeditaskid, tasks))
        session.execute(thawed.where(TASK.frozentime.is_not(None)).values(frozentime=None))


def _old(session: Transaction, frozen: Mapping[int, datetime | None]) -> list[int]:
    """Return the tasks that have been idle for too long."""
    limit = session.execute(select(now())).scalar_one() - MAX_IDLE
    return [task for task, since in frozen.items() if since is not None and since < limit]


def _finish(session: Transaction, tasks: Sequence[int], name: str) -> None:
    """Send the command to finish, softly: jobs that run may end."""
    if tasks:
        by = Requester(f"search: {name}", production_role=True)
        asked = requests.CommandRequest("finish", by, qualifier="soft", rights_checked=True)
        requests.register(session, tasks, asked)
