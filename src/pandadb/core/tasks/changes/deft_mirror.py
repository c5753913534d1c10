"""T_TASK, the mirror of tasks for production systems (semantics 3.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, literal, select, update

from pandadb.core.sql.expressions import constant, now
from pandadb.core.sql.id_arrays import is_given, written
from pandadb.core.tasks.row_locks import refusing_to_wait
from pandadb.models import JediDatasetContents, JediDatasets, TTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.sql.transaction import Transaction

DEFT = TTask.__table__.c
MIRRORED = (
    "running", "broken", "assigning", "scouting", "aborted", "aborting", "exhausted", "staging",
)  # fmt: skip
"""States that T_TASK follows on the way; at the end of a task it follows all."""
OTHER_WORDS = {"scouting": "submitting", "staged": "registered"}
"""States that T_TASK has another word for (semantics 3.4)."""


def deft_of(status: str) -> str | None:
    """Return the state that T_TASK and `superstatus` get with a new state on the way, or None."""
    return OTHER_WORDS.get(status, status) if status in MIRRORED else None


def note_start(session: Transaction, tasks: Sequence[int], status: str) -> None:
    """Set `start_time` of tasks that scout, or that run and have none."""
    if not tasks or status not in ("scouting", "running"):
        return
    started = (
        update(TTask.__table__)
        .where(is_given(DEFT.taskid))
        .values(start_time=now() if status == "scouting" else DEFT.timestamp)
    )
    if status == "running":
        started = started.where(DEFT.start_time.is_(None))
    with refusing_to_wait():
        session.execute(started, {"pandaids": written(tasks)})


def count_done_jobs(session: Transaction, tasks: Sequence[int]) -> None:
    """Set `total_done_jobs` to the jobs that files of master datasets were finished by."""
    if not tasks:
        return
    file, dataset = JediDatasetContents.__table__.c, JediDatasets.__table__.c
    jobs = (
        select(func.count(file.pandaid.distinct()))
        .select_from(JediDatasets)
        .join(
            JediDatasetContents,
            (file.jeditaskid == dataset.jeditaskid) & (file.datasetid == dataset.datasetid),
        )
        .where(
            dataset.jeditaskid == DEFT.taskid,
            dataset.masterid.is_(None),
            file.status == constant("finished"),
        )
        .scalar_subquery()
    )
    counted = update(TTask.__table__).where(is_given(DEFT.taskid))
    with refusing_to_wait():
        session.execute(
            counted.values(total_done_jobs=func.coalesce(jobs, literal(0))),
            {"pandaids": written(tasks)},
        )
