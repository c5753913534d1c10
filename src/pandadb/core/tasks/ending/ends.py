"""Prepared tasks get their final states, with their datasets, T_TASK and their children."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, literal_column, or_, select, update

from pandadb.core.datasets.dataset_types import CLOSED_WITH_TASK
from pandadb.core.datasets.file_keys import same_dataset
from pandadb.core.events.states import EventStatus
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_given
from pandadb.core.sql.transaction import connection_of
from pandadb.core.tasks import activity_periods, attempts, descendants
from pandadb.core.tasks.changes import outcomes
from pandadb.core.tasks.changes.outcomes import HOURS_BACK, TaskOutcome
from pandadb.core.tasks.ending import children, final_states
from pandadb.core.tasks.ending.final_states import Ending, FinalState
from pandadb.core.tasks.files import dataset_rows
from pandadb.core.tasks.split_rules import has_rule, parse_rules
from pandadb.core.tasks.states import ATTEMPT_ENDS
from pandadb.models import Datasets, JediDatasetContents, JediDatasets, JediEvents, JediTasks, TTask

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Row, Select, Update

    from pandadb.core.sql.transaction import Transaction

TASK, DEFT = JediTasks.__table__.c, TTask.__table__.c
FILE, DATASET = JediDatasetContents.__table__.c, JediDatasets.__table__.c
ENDING = ("prepared", "scouted", "tobroken", "toabort", "passed")
"""States of tasks that are to end; those that are scouted go on."""
STALE: ColumnElement[Any] = literal_column("interval '10 minutes'")
"""An agent that took a task so long ago has given it up."""


@dataclass
class EndResult:
    """The tasks that have ended, and those that went on from their scouts."""

    ended: dict[int, str] = field(default_factory=dict)
    """Their final states."""
    running: list[int] = field(default_factory=list)


def end(
    session: Transaction,
    vo: str | None,
    label: str | None,
    *,
    host: str,
    limit: int | None = None,
    may_exhaust: bool = True,
) -> EndResult:
    """Give prepared tasks of a VO and a label (None: any) their final states.

    Children of tasks that failed, were broken or aborted are to be aborted; others are looked at at
    once. Tasks with the rule `useExhausted` are exhausted instead of finished below their goal, if
    `may_exhaust`: ATLAS's post-processors do that, the general one does not. Tasks that another
    transaction has locked, or one of their descendants, or that an agent works on, are left for the
    next time.
    """
    tasks = _lock(session, vo, label, limit)
    scouted = [row for row in tasks if row.status == "scouted"]
    _run(session, scouted, host)
    ending = {row.jeditaskid: row for row in tasks if row.status != "scouted"}
    family = descendants.lock(session, ending, with_children=True, skip=True)
    for task in descendants.incomplete(session, ending, family):
        del ending[task]
    endings = _read(session, [*ending.values()])
    states = _final_states(endings, may_exhaust=may_exhaust)
    _close_datasets(session, endings, states)
    _write(session, endings, states, host)
    ended = {task: state.status for task, state in states.items()}
    children.follow(session, ended, family, host=host)
    return EndResult(ended, [row.jeditaskid for row in scouted])


def _final_states(endings: Iterable[Ending], *, may_exhaust: bool) -> dict[int, FinalState]:
    """Return the final states of tasks in the order of ids, so that parents come first."""
    states: dict[int, FinalState] = {}
    for one in endings:
        parent = states.get(one.task.parent_tid)
        ending = replace(one, parent_status=parent.status) if parent else one
        exhausted = final_states.is_exhausted(ending) if may_exhaust else None
        states[one.task.jeditaskid] = exhausted or final_states.final_state(ending)
    return states


def _lock(
    session: Transaction, vo: str | None, label: str | None, limit: int | None
) -> Sequence[Row[Any]]:
    """Lock the tasks that are to end, but those that are locked elsewhere."""
    is_free = or_(TASK.lockedby.is_(None), TASK.lockedtime < now() - STALE)
    query = (
        select(*TASK)
        .where(TASK.status.in_(ENDING), is_free)
        .order_by(TASK.jeditaskid)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    for column, value in ((TASK.vo, vo), (TASK.prodsourcelabel, label)):
        query = query if value is None else query.where(column == value)
    return connection_of(session).execute(query).all()


def _run(session: Transaction, tasks: Iterable[Row[Any]], host: str) -> None:
    """Have tasks run after their scouts; the next generation of jobs takes them at once."""
    running = {
        row.jeditaskid: TaskOutcome(
            "running", row.errordialog, row.oldstatus, superstatus="running", ago=HOURS_BACK
        )
        for row in tasks
    }
    outcomes.write(session, running, host=host)


def _read(session: Transaction, tasks: Sequence[Row[Any]]) -> list[Ending]:
    """Return tasks with their datasets (locked), their parents and events."""
    if not tasks:
        return []
    of_task: dict[int, list[Row[Any]]] = {row.jeditaskid: [] for row in tasks}
    for row in dataset_rows.lock(session, of_task):
        of_task[row.jeditaskid].append(row)
    connection = connection_of(session)
    parents = {"pandaids": [*{row.parent_tid for row in tasks if row.parent_tid}]}
    states = {row.jeditaskid: row.status for row in connection.execute(_states(), parents)}
    with_events = [
        row.jeditaskid for row in tasks if has_rule(parse_rules(row.splitrule), "hpoWorkflow")
    ]
    finished = {*connection.scalars(_finished_events(), {"pandaids": [*with_events]})}
    return [
        Ending(
            task,
            of_task[task.jeditaskid],
            states.get(task.parent_tid),
            task.jeditaskid in finished,
        )
        for task in tasks
    ]


@cache
def _states() -> Select[Any]:
    return select(TASK.jeditaskid, TASK.status).where(is_given(TASK.jeditaskid))


@cache
def _finished_events() -> Select[Any]:
    event = JediEvents.__table__.c
    chosen = select(event.jeditaskid).where(is_given(event.jeditaskid))
    return chosen.where(event.status == EventStatus.FINISHED).distinct()


def _close_datasets(
    session: Transaction, endings: Iterable[Ending], states: Mapping[int, FinalState]
) -> None:
    """Give datasets their final states; outputs have as many files as were made."""
    final = {task: one.status for task, one in states.items() if one.status != "exhausted"}
    changes = {}
    for ending in endings:
        if ending.task.jeditaskid not in final:
            continue
        for row in ending.datasets:
            status = final_states.of_dataset(row, final[ending.task.jeditaskid])
            if status is not None:
                made = row.nfilesfinished if row.type in CLOSED_WITH_TASK else row.nfiles
                changes[row.jeditaskid, row.datasetid] = {"status": status, "nfiles": made}
    dataset_rows.write(session, changes)
    if final:
        connection_of(session).execute(_deletion(), {"pandaids": [*final]})


@cache
def _deletion() -> Update:
    """Have the dispatch blocks of tasks deleted."""
    block = Datasets.__table__.c
    return (
        update(Datasets.__table__)
        .where(
            is_given(block.moverid),
            block.type == "dispatch",
            block.status.in_(("defined", "completed")),
        )
        .values(status="deleting", modificationdate=now())
    )


def _write(
    session: Transaction,
    endings: Iterable[Ending],
    states: Mapping[int, FinalState],
    host: str,
) -> None:
    """Write the final states of tasks: JEDI_TASKS, T_TASK, the log, the attempt, the periods."""
    tasks = {one.task.jeditaskid: one.task for one in endings}
    if not tasks:
        return
    began = connection_of(session).scalar(select(now()))
    written_states = {
        task: TaskOutcome(
            state.status,
            _reason(tasks[task], state),
            tasks[task].oldstatus,
            superstatus=state.status,
            deft=state.status,
            values={
                "lockedby": None,
                "lockedtime": None if state.status == "exhausted" else began,
                "frozentime": None,
                "endtime": tasks[task].endtime if state.status == "exhausted" else began,
            },
        )
        for task, state in states.items()
    }
    outcomes.write(session, written_states, host=host)
    connection_of(session).execute(_counting(), {"pandaids": [*states]})
    attempts.end(session, [task for task, one in states.items() if one.status in ATTEMPT_ENDS])
    activity_periods.settle(session, states)


def _reason(task: Row[Any], state: FinalState) -> str | None:
    """Return the reason of a final state, added to the present one unless it is exhausted."""
    if state.reason is None or task.errordialog is None or state.status == "exhausted":
        reason: str | None = state.reason or task.errordialog
        return reason
    return f"{task.errordialog} {state.reason}"


@cache
def _counting() -> Update:
    """Set the finished jobs of tasks in T_TASK: those of finished files of master datasets."""
    jobs = (
        select(func.count(FILE.pandaid.distinct()))
        .join_from(DATASET.datasetid.table, FILE.fileid.table, same_dataset(FILE, DATASET))
        .where(
            DATASET.jeditaskid == DEFT.taskid,
            DATASET.masterid.is_(None),
            FILE.status == "finished",
        )
        .scalar_subquery()
    )
    return update(TTask.__table__).where(is_given(DEFT.taskid)).values(total_done_jobs=jobs)
