"""Preparation of ends: tasks without unprocessed input, and the judgement of scouts.

The rules of semantics 3.2, with the states of datasets of 4.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.datasets.dataset_types import INPUTS, PROCESSED, PRODUCED
from pandadb.core.tasks import activity_periods, split_rules
from pandadb.core.tasks.changes import outcomes
from pandadb.core.tasks.changes.outcomes import TaskOutcome
from pandadb.core.tasks.ending import candidates, scouts
from pandadb.core.tasks.files import dataset_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.tasks.ending.candidates import Candidates
    from pandadb.core.tasks.ending.scouts import Assessment

    Dataset = tuple[int, int]
    Changes = dict[Dataset, dict[str, Any]]

UNLOCKED = {"lockedby": None, "lockedtime": None}


def prepare(
    session: Transaction,
    vo: str | None,
    label: str | None,
    *,
    host: str,
    limit: int | None = None,
) -> dict[int, str]:
    """Prepare tasks of a VO and a label (None: any) for their end; return their states.

    Their scouts are judged: `scouted`, `exhausted`, `tobroken`. Others are `prepared`, or `defined`
    where a parent may still add to their input, or `registered` after their preprocessing. Tasks
    that another transaction has locked, or that an agent works on, are left for the next time.

    Raises:
        InvalidSetting: A setting of JEDI in CONFIG is no number.
    """
    found = candidates.find(session, vo, label, limit)
    scouting = [row for row in found.rows if _has_scouts(row, found)]
    others = [row for row in found.rows if not _has_scouts(row, found)]
    states = _judge_scouts(session, scouting, found, host)
    states |= _prepare(session, others, host)
    activity_periods.settle(session, states)
    return dict(sorted(states.items()))


def _has_scouts(task: Row[Any], found: Candidates) -> bool:
    rules = split_rules.parse_rules(task.splitrule)
    starts = task.status == "ready" and rules.get("US") == split_rules.SCOUTS
    return starts or task.status == "scouting" or task.jeditaskid in found.only_values


def _judge_scouts(
    session: Transaction, tasks: Sequence[Row[Any]], found: Candidates, host: str
) -> dict[int, str]:
    """Write the values of scouts into their tasks, and have the other jobs follow, or not."""
    assessed = scouts.assess(session, tasks, only_values=found.only_values)
    scouts.tag_jobs(session, assessed.values())
    judged = [row for row in tasks if row.jeditaskid not in found.only_values]
    ids = [row.jeditaskid for row in judged]
    dataset_rows.lock(session, ids, INPUTS)
    scouts.release_files(session, ids)
    values = {
        row.jeditaskid: _only_values(row, assessed[row.jeditaskid])
        for row in tasks
        if row.jeditaskid in found.only_values
    }
    ended = {
        row.jeditaskid: assessed[row.jeditaskid].outcome(row, forced=row.jeditaskid in found.forced)
        for row in judged
    }
    outcomes.write(session, values | ended, host=host)
    return {task: outcome.status for task, outcome in ended.items()}


def _only_values(task: Row[Any], assessed: Assessment) -> TaskOutcome:
    """Return a task as it is, with the values of its finished jobs."""
    return TaskOutcome(
        task.status, task.errordialog, task.oldstatus, ago=None, values=assessed.columns
    )


def _prepare(session: Transaction, tasks: Sequence[Row[Any]], host: str) -> dict[int, str]:
    """Give tasks without unprocessed files their next state, and their datasets theirs."""
    rows = dataset_rows.lock(session, [row.jeditaskid for row in tasks])
    of_task: dict[int, list[Row[Any]]] = {row.jeditaskid: [] for row in tasks}
    for row in rows:
        of_task[row.jeditaskid].append(row)
    ended: dict[int, TaskOutcome] = {}
    changes: Changes = {}
    for task in tasks:
        mine = of_task[task.jeditaskid]
        ready = [row for row in mine if row.status == "ready" and row.type in PROCESSED]
        if _has_unprocessed(ready):
            continue
        if _may_grow(ready, PROCESSED) or _may_grow(mine, INPUTS):
            changes |= {_key(row): {"status": "toupdate"} for row in mine if row.state == "mutable"}
            ended[task.jeditaskid] = _outcome("defined", task)
        else:
            states = {_key(row): _final(row) for row in ready}
            states |= {_key(row): "prepared" for row in mine if row.type in PRODUCED}
            changes |= {key: {"status": state} for key, state in states.items()}
            ended[task.jeditaskid] = _prepared(task, ready)
    dataset_rows.write(session, changes)
    outcomes.write(session, ended, host=host)
    return {task: outcome.status for task, outcome in ended.items()}


def _key(row: Row[Any]) -> Dataset:
    return row.jeditaskid, row.datasetid


def _may_grow(rows: Sequence[Row[Any]], types: Sequence[str]) -> bool:
    """Return whether a parent may still add to a master dataset of some types."""
    return any(
        row.state == "mutable" and row.masterid is None and row.type in types for row in rows
    )


def _has_unprocessed(ready: Sequence[Row[Any]]) -> bool:
    """Return whether a master has files left, before one that a parent may still add to."""
    for row in ready:
        if row.masterid is not None:
            continue
        if row.state == "mutable":
            return False
        if (row.nfiles or 0) > (row.nfilesfinished or 0) + (row.nfilesfailed or 0):
            return True
    return False


def _final(row: Row[Any]) -> str:
    """Return the state of an input dataset without files left; secondaries do not count."""
    if row.masterid is not None or row.nfiles == row.nfilesfinished:
        return "done"
    return "finished" if row.nfilesfinished else "failed"


def _prepared(task: Row[Any], ready: Sequence[Row[Any]]) -> TaskOutcome:
    """Return the state of a task at the end of its inputs: after preprocessing it begins anew."""
    is_done = any(row.masterid is None and _final(row) == "done" for row in ready)
    if task.status != "preprocessing" or not is_done:
        return _outcome("prepared", task)
    rules: Mapping[str, str] = {**split_rules.parse_rules(task.splitrule), "UP": "2"}
    return _outcome("registered", task, split_rules.format_rules(rules))


def _outcome(status: str, task: Row[Any], splitrule: str | None = None) -> TaskOutcome:
    return TaskOutcome(status, values={"splitrule": splitrule or task.splitrule})
