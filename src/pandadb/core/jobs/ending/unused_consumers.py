"""Consumers of a job set that are not needed any more: no ranges of events are left for them.

Semantics 2.13. They are jobs with the same input: clones are among them. Merge jobs and jumbo jobs
are not.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, false, func, select, union_all

from pandadb.core.events.kinds import JobKind
from pandadb.core.events.special_handling import CLONE, EVENT_SERVICE, EVENT_SERVICE_MERGE
from pandadb.core.jobs.effects import has_tag
from pandadb.core.jobs.ending import clones
from pandadb.core.jobs.files.file_status import INPUTS, same_dataset, same_file
from pandadb.core.jobs.mover import move
from pandadb.core.jobs.states import LIVE, transitions
from pandadb.core.sql import id_arrays
from pandadb.core.sql.transaction import Lock
from pandadb.models import FilesTable4, JediDatasets, JobsActive4, JobsDefined4
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, CompoundSelect, Row

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.effects import Columns
    from pandadb.core.statemachine.machine import Transition

UNUSED = 116
"""The `taskbuffererrorcode` of consumers that were not needed."""
CLOSED: dict[str, Any] = {
    "jobsubstatus": "es_unused",
    "taskbuffererrorcode": UNUSED,
    "taskbuffererrordiag": "Other consumers have processed all ranges of events meanwhile",
}
IN_QUEUE = ("activated", "assigned", "throttled")
STEPS = tuple(replace(step, sources=IN_QUEUE) for step in transitions("close"))
"""One that has been dispatched meanwhile is left alone."""
ALL_STEPS = (*transitions("close"), *transitions("close hard"))
FILE, DATASET = FilesTable4.__table__.c, JediDatasets.__table__.c


def close(session: Transaction, pandaids: Sequence[int], host: str) -> dict[int, str]:
    """Close the consumers in the queue that share the input of jobs; return them.

    Jobs that another transaction is changing are left alone: they find no ranges, and are closed
    the next time.
    """
    found = _found(session, IN_QUEUE, True, pandaids)
    return _close(session, found, STEPS, host, Lock.SKIP)


def close_all(
    session: Transaction, pandaids: Sequence[int], host: str, *, same_attempt: bool
) -> dict[int, str]:
    """Close all other consumers that share the input of jobs, wherever they are; return them.

    With `same_attempt` they share the attempt of the input, too. The caller has locked them.
    """
    found = _found(session, LIVE, same_attempt, pandaids)
    return _close(session, found, ALL_STEPS, host, Lock.WAIT)


def _found(
    session: Transaction, states: tuple[str, ...], same_attempt: bool, pandaids: Sequence[int]
) -> Sequence[Row[Any]]:
    if not pandaids:
        return []
    return session.execute(_waiting(states, same_attempt), {"pandaids": [*pandaids]}).all()


def _close(
    session: Transaction,
    rows: Sequence[Row[Any]],
    steps: Sequence[Transition],
    host: str,
    lock: Lock,
) -> dict[int, str]:
    closed: dict[int, str] = {}
    for is_clone, values in ((False, CLOSED), (True, clones.UNLOCKED)):
        unused = sorted({row.pandaid for row in rows if bool(row.is_clone) is is_clone})
        if unused:
            moved, _ = move(session, steps, unused, host=host, values=values, lock=lock)
            closed |= moved.jobs
    return closed


@cache
def _waiting(states: tuple[str, ...], same_attempt: bool) -> CompoundSelect[Any]:
    is_master = and_(
        same_dataset(DATASET, FILE), DATASET.type.in_(INPUTS), DATASET.masterid.is_(None)
    )
    mine = (
        select(FILE.jeditaskid, FILE.datasetid, FILE.fileid, FILE.attemptnr, FILE.pandaid)
        .join(DATASET.datasetid.table, is_master)
        .where(id_arrays.is_given(FILE.pandaid), FILE.modificationtime == EPOCH)
        .cte("mine")
        .prefix_with("MATERIALIZED")
    )
    other = FilesTable4.__table__.alias("other").c
    parts = []
    is_shared = same_file(other, mine.c)
    if same_attempt:
        is_shared = and_(is_shared, other.attemptnr == mine.c.attemptnr)
    for table in (JobsActive4, JobsDefined4):
        job = table.__table__.c
        parts.append(
            select(job.pandaid, _has(job, CLONE).label("is_clone"))
            .join(other.pandaid.table, other.pandaid == job.pandaid)
            .join(mine, is_shared)
            .where(
                other.modificationtime == EPOCH,
                ~id_arrays.is_given(job.pandaid),
                job.jobstatus.in_(states),
                _has(job, EVENT_SERVICE),
                ~_has(job, EVENT_SERVICE_MERGE),
                func.coalesce(job.eventservice, 0) != JobKind.JUMBO.value,
            )
        )
    return union_all(*parts)


def _has(job: Columns, word: str) -> ColumnElement[bool]:
    return func.coalesce(has_tag(job, word), false())
