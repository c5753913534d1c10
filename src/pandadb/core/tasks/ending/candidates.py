"""Tasks without unprocessed input, and tasks with enough finished scouts."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, exists, func, literal_column, or_, select, tuple_, update

from pandadb.core.datasets.dataset_types import INPUTS, PROCESSED
from pandadb.core.datasets.file_keys import same_dataset
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_given
from pandadb.core.sql.transaction import connection_of
from pandadb.models import JediDatasetContents, JediDatasets, JediTasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Row, Select

    from pandadb.core.sql.transaction import Transaction

TASK, DATASET = JediTasks.__table__.c, JediDatasets.__table__.c
FILE = JediDatasetContents.__table__.c
WORKING = ("running", "scouting", "merging", "preprocessing", "ready", "throttled")
"""States of tasks with input that may have ended."""
DATASET_ENDS = ("finished", "done", "failed", "removed")
ASSESSED_AGAIN: ColumnElement[Any] = literal_column("interval '10 minutes'")
ENOUGH = 0.5
"""The share of finished jobs at which the other jobs follow before all scouts have ended."""
AVALANCHE = "ava"
"""`walltimeunit` of a task that a command has follow its scouts at once."""


@dataclass(frozen=True)
class Candidates:
    """Tasks to look at, locked, as rows of JEDI_TASKS."""

    rows: Sequence[Row[Any]] = ()
    forced: set[int] = field(default_factory=set)
    """Tasks that do not wait for their scouts."""
    only_values: set[int] = field(default_factory=set)
    """Tasks that get values from their finished jobs, and nothing else."""


def find(session: Transaction, vo: str | None, label: str | None, limit: int | None) -> Candidates:
    """Find and lock tasks without unprocessed input; those locked elsewhere are left out.

    `limit` is for tasks without files to be worked on. Tasks that are assessed before the end of
    all their scouts are not assessed again for ten minutes (`assessmenttime`).
    """
    chosen = _chosen(vo, label)
    connection = connection_of(session)
    ended = {*connection.scalars(_ended(chosen, limit))}
    early, only_values = _assess(session, _chosen(vo, label or "managed"), ended)
    ava = and_(TASK.status == "scouting", TASK.walltimeunit == AVALANCHE, *chosen)
    forced = {*connection.scalars(select(TASK.jeditaskid).where(ava))} - ended - early - only_values
    rows = lock(session, ended | early | only_values | forced, WORKING)
    return Candidates(rows, forced, only_values)


def lock(session: Transaction, tasks: Iterable[int], states: Sequence[str]) -> Sequence[Row[Any]]:
    """Lock tasks that are in one of some states, and that no agent works on; return their rows."""
    query = _locking(tuple(states))
    return connection_of(session).execute(query, {"pandaids": [*sorted(tasks)]}).all()


@lru_cache(8)
def _locking(states: tuple[str, ...]) -> Select[Any]:
    return (
        select(*TASK)
        .where(is_given(TASK.jeditaskid), TASK.status.in_(states), TASK.lockedby.is_(None))
        .order_by(TASK.jeditaskid)
        .with_for_update(skip_locked=True)
    )


def _chosen(vo: str | None, label: str | None) -> list[ColumnElement[bool]]:
    return [
        *([] if vo is None else [TASK.vo == vo]),
        *([] if label is None else [TASK.prodsourcelabel == label]),
    ]


def _ended(chosen: Iterable[ColumnElement[bool]], limit: int | None) -> Select[Any]:
    """Select tasks without a master dataset that has files to be worked on."""
    ended = DATASET.nfilesfinished + DATASET.nfilesfailed
    unused = and_(DATASET.nfilesused == 0, DATASET.nfilestobeused > 0)
    has_work = exists().where(
        DATASET.jeditaskid == TASK.jeditaskid,
        DATASET.masterid.is_(None),
        DATASET.type.in_(PROCESSED),
        func.coalesce(DATASET.status, "").not_in(DATASET_ENDS),
        or_(DATASET.nfilestobeused > ended, unused),
    )
    return (
        select(TASK.jeditaskid)
        .where(TASK.status.in_(WORKING), TASK.lockedby.is_(None), *chosen, ~has_work)
        .order_by(TASK.jeditaskid)
        .limit(limit)
    )


def _assess(
    session: Transaction, chosen: Sequence[ColumnElement[bool]], ended: set[int]
) -> tuple[set[int], set[int]]:
    """Return the tasks with enough finished scouts, and those that only get values."""
    rows = connection_of(session).execute(_assessment(chosen)).all()
    early, only_values = set(), set()
    for row in rows:
        if not row.finished or row.jeditaskid in ended:
            continue
        if row.status == "scouting" and row.finished >= row.jobs * ENOUGH:
            early.add(row.jeditaskid)
        elif row.walltimeunit is None:
            only_values.add(row.jeditaskid)
    return early, only_values


def _assessment(chosen: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Note that tasks are assessed; return their jobs by outcome, and those that finished."""
    has_no_values = and_(TASK.status == "running", TASK.walltimeunit.is_(None))
    is_due = or_(TASK.assessmenttime.is_(None), TASK.assessmenttime < now() - ASSESSED_AGAIN)
    due = (
        select(TASK.jeditaskid, TASK.status, TASK.walltimeunit)
        .where(or_(TASK.status == "scouting", has_no_values), is_due)
        .where(TASK.lockedby.is_(None), *chosen)
        .order_by(TASK.jeditaskid)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    finished = case((FILE.status == "finished", FILE.pandaid))
    jobs = (
        select(
            *due.c,
            func.count(tuple_(FILE.pandaid, FILE.status).distinct()).label("jobs"),
            func.count(finished.distinct()).label("finished"),
        )
        .join_from(due, DATASET.datasetid.table, DATASET.jeditaskid == due.c.jeditaskid)
        .join(FILE.fileid.table, same_dataset(FILE, DATASET))
        .where(
            DATASET.masterid.is_(None),
            DATASET.nfilestobeused > 0,
            DATASET.type.in_(INPUTS),
            FILE.pandaid.is_not(None),
        )
        .group_by(*due.c)
        .cte("jobs")
    )
    noted = (
        update(JediTasks.__table__)
        .where(TASK.jeditaskid == jobs.c.jeditaskid)
        .values(assessmenttime=now())
        .cte("noted")
    )
    return select(jobs).order_by(jobs.c.jeditaskid).add_cte(noted)
