"""Retry and incremental execution of tasks: their files are given new attempts (semantics 3.6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import null, update

from pandadb.core.datasets.dataset_types import CLOSED_WITH_TASK
from pandadb.core.events.states import EventStatus
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_given
from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import InvalidValue, near, shown
from pandadb.core.tasks import attempts, descendants, retry_limits
from pandadb.core.tasks.changes import outcomes
from pandadb.core.tasks.changes.outcomes import HOURS_BACK, TaskOutcome
from pandadb.core.tasks.files import retried_datasets
from pandadb.core.tasks.files.retried_datasets import RetryOptions
from pandadb.core.tasks.states import RETRYABLE
from pandadb.models import JediDatasets, JediEvents, TTask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row

    from pandadb.core.sql.transaction import Transaction

    Tasks = Mapping[int, Row[Any]]
    """Rows of JEDI_TASKS by `jeditaskid`."""

CHILD_LOCKED = (
    "another transaction has locked a task that reads its output: it is tried again by"
    " pandadb tasks advance"
)
GOALS = {"retry": "ready", "incexec": "rerefine"}
"""The state of a task after each command."""
ALLOWED = {"retry": RETRYABLE, "incexec": ("done", *RETRYABLE)}
"""Earlier states of tasks that each command takes."""
FINISHED_EVENTS = (EventStatus.FINISHED, EventStatus.DONE)
"""States of event ranges: discarded; finished and done."""


@dataclass
class TaskRetryResult:
    """The result of a retry of tasks."""

    tasks: dict[int, str] = field(default_factory=dict)
    """The state that each task is in now; tasks that were left as they are have none."""
    retried: list[int] = field(default_factory=list)
    """Tasks that were accepted, each followed by its children that are executed again."""
    refused: dict[int, str] = field(default_factory=dict)
    """Tasks that are back in their earlier state, exhausted, or left: with the reason."""


def retry(
    session: Transaction,
    tasks: Sequence[int],
    command: str = "retry",
    *,
    host: str,
    discard_events: bool = False,
    release_unstaged: bool = False,
    keep_share_priority: bool = False,
    ignore_limits: bool = False,
    child_tasks: bool = True,
    skip: bool = False,
) -> TaskRetryResult:
    """Give the files of tasks new attempts; the tasks have the state `toretry` or `toincexec`.

    A task goes on from `oldstatus`: it is `ready` or `rerefine` then, goes back there if it has
    nothing to be tried again, or is exhausted beyond the limits of CONFIG. A task without
    `oldstatus` is left as it is, where the server would set no state at all [bug]. Tasks that read
    the output of these are executed again, and so on: `incexec`, whatever their state was, within
    the limits. `ignore_limits` is the qualifier `transcend` of the command. With `skip`, for a
    caller that has locked the tasks before, tasks with a locked descendant are left as they are.

    Raises:
        InvalidValue: The command is neither retry nor incexec.
        InvalidSetting: A limit in CONFIG is no number.
    """
    if command not in GOALS:
        raise InvalidValue(
            f"{shown(command)} does not retry tasks: retry and incexec do{near(command, GOALS)}"
        )
    options = RetryOptions(
        incexec=command == "incexec",
        release_unstaged=release_unstaged,
        discard_events=discard_events,
        keep_priority=keep_share_priority,
        ignore_limits=ignore_limits,
    )
    locked = descendants.lock(session, tasks, with_children=child_tasks, skip=skip)
    result = TaskRetryResult()
    result.refused |= {task: f"there is no task {task}" for task in tasks if task not in locked}
    if skip and child_tasks:
        left = descendants.incomplete(session, locked.keys() & {*tasks}, locked)
        result.refused |= dict.fromkeys(sorted(left), CHILD_LOCKED)
    chosen = {task: locked[task] for task in dict.fromkeys(tasks) if task not in result.refused}
    chosen = _checked(session, chosen, command, result, host)
    going_on = _tried_again(session, chosen, options, result, host)
    if child_tasks:
        incexec = RetryOptions(incexec=True, keep_priority=keep_share_priority)
        _retry_children(session, going_on, locked, incexec, result, host=host)
    result.retried = _by_family(result.retried, locked)
    return result


def _retry_children(
    session: Transaction,
    parents: Sequence[int],
    locked: Tasks,
    options: RetryOptions,
    result: TaskRetryResult,
    *,
    host: str,
) -> None:
    """Execute the children of tasks again, and theirs, each once."""
    done = {*result.tasks, *result.refused}
    while parents:
        children = _children(session, parents, locked, host)
        chosen = {task: row for task, row in children.items() if task not in done}
        done |= chosen.keys()
        parents = _tried_again(session, chosen, options, result, host)


def _by_family(tasks: Sequence[int], rows: Tasks) -> list[int]:
    """Return tasks in their order, each followed by its children by id."""
    chosen = {*tasks}
    below: dict[int, list[int]] = {}
    for task in sorted(chosen):
        if rows[task].parent_tid in chosen and rows[task].parent_tid != task:
            below.setdefault(rows[task].parent_tid, []).append(task)
    children = {task for ones in below.values() for task in ones}
    left = [task for task in reversed(tasks) if task not in children]
    ordered: dict[int, None] = {}
    while left:
        task = left.pop()
        ordered[task] = None
        left += reversed(below.get(task, ()))
    return [*ordered, *(task for task in tasks if task not in ordered)]


def _checked(
    session: Transaction, tasks: Tasks, command: str, result: TaskRetryResult, host: str
) -> dict[int, Row[Any]]:
    """Return the tasks with an earlier state that the command takes; the others go back there."""
    allowed = {task: row for task, row in tasks.items() if row.oldstatus in ALLOWED[command]}
    wrong = {task: row for task, row in tasks.items() if task not in allowed}
    _go_back(
        session,
        {
            task: (row, f"no {command}: the task was {row.oldstatus}")
            for task, row in wrong.items()
            if row.oldstatus is not None
        },
        result,
        host,
    )
    for task, row in wrong.items():
        if row.oldstatus is None:
            result.refused[task] = f"task {task} is {row.status}, without an earlier state"
    return allowed


def _go_back(
    session: Transaction,
    tasks: Mapping[int, tuple[Row[Any], str]],
    result: TaskRetryResult,
    host: str,
) -> None:
    """Put tasks back into their earlier states, with the reasons; the log has only changes."""
    back = {
        task: TaskOutcome(row.oldstatus, reason[: outcomes.ERROR_LENGTH], is_logged=False)
        for task, (row, reason) in tasks.items()
    }
    outcomes.write(session, back, host=host)
    result.tasks |= {task: outcome.status for task, outcome in back.items()}
    result.refused |= {task: reason for task, (_, reason) in tasks.items()}


def _tried_again(
    session: Transaction,
    tasks: Tasks,
    options: RetryOptions,
    result: TaskRetryResult,
    host: str,
) -> list[int]:
    """Retry tasks within their limits; return those with children to be executed again."""
    beyond = {} if options.ignore_limits else retry_limits.passed(session, [*tasks.values()])
    _exhaust(session, {t: one.sentence for t, one in beyond.items() if one.exhausts}, result, host)
    back = {t: (tasks[t], one.sentence) for t, one in beyond.items() if not one.exhausts}
    within = {task: row for task, row in tasks.items() if task not in beyond}
    changed = retried_datasets.retry(session, within, options)
    if options.discard_events:
        _discard_events(session, within)
    if not options.incexec:
        nothing = "no retry: no new or unprocessed files"
        back |= {
            task: (row, nothing)
            for task, row in within.items()
            if task not in changed and row.oldstatus != "exhausted"
        }
    _leave_without_state(back, result)
    _go_back(session, back, result, host)
    accepted = {task: row for task, row in within.items() if task not in back}
    _accept(session, accepted, options, result, host)
    going_on = [task for task, row in accepted.items() if row.status != "exhausted"]
    _close_output(session, going_on)
    return going_on


def _leave_without_state(back: dict[int, tuple[Row[Any], str]], result: TaskRetryResult) -> None:
    """Leave children that have no earlier state to go back to as they are."""
    for task in [task for task, (row, _) in back.items() if row.oldstatus is None]:
        result.refused[task] = back.pop(task)[1]


def _exhaust(
    session: Transaction, sentences: Mapping[int, str], result: TaskRetryResult, host: str
) -> None:
    """Give tasks up that are beyond a limit."""
    given_up = {
        task: TaskOutcome("exhausted", sentence, superstatus="exhausted", deft="exhausted")
        for task, sentence in sentences.items()
    }
    outcomes.write(session, given_up, host=host)
    result.tasks |= dict.fromkeys(given_up, "exhausted")
    result.refused |= sentences


def _accept(
    session: Transaction, tasks: Tasks, options: RetryOptions, result: TaskRetryResult, host: str
) -> None:
    """Have tasks worked on again, in a new attempt, at once."""
    goal = GOALS["incexec" if options.incexec else "retry"]
    accepted = {
        task: TaskOutcome(
            goal,
            superstatus="ready",
            ago=HOURS_BACK,
            values={
                "starttime": None,
                "frozentime": None,
                "attemptnr": (row.attemptnr or 0) + 1,
                "currentpriority": row.currentpriority
                if options.keep_priority
                else row.taskpriority,
            },
        )
        for task, row in tasks.items()
    }
    outcomes.write(session, accepted, host=host)
    _restart_in_deft(session, accepted)
    attempts.start(session, [*accepted])
    result.tasks |= dict.fromkeys(accepted, goal)
    result.retried += accepted


def _restart_in_deft(session: Transaction, tasks: Mapping[int, TaskOutcome]) -> None:
    """Have T_TASK wait for the first jobs of tasks that had some."""
    deft = TTask.__table__.c
    restarted = (
        update(TTask.__table__)
        .where(is_given(deft.taskid), deft.start_time.is_not(None))
        .values(status="ready", timestamp=now(), start_time=null())
    )
    if tasks:
        connection_of(session).execute(restarted, {"pandaids": [*tasks]})


def _close_output(session: Transaction, tasks: Sequence[int]) -> None:
    """Set the datasets that tasks write to `done`: jobs get new files in them."""
    dataset = JediDatasets.__table__.c
    closed = (
        update(JediDatasets.__table__)
        .where(is_given(dataset.jeditaskid), dataset.type.in_(CLOSED_WITH_TASK))
        .values(status="done")
    )
    if tasks:
        connection_of(session).execute(closed, {"pandaids": [*tasks]})


def _discard_events(session: Transaction, tasks: Tasks) -> None:
    """Discard the finished event ranges of tasks, so that they are processed again."""
    event = JediEvents.__table__.c
    discarded = (
        update(JediEvents.__table__)
        .where(is_given(event.jeditaskid), event.status.in_(FINISHED_EVENTS))
        .values(status=EventStatus.DISCARDED)
    )
    if tasks:
        connection_of(session).execute(discarded, {"pandaids": [*tasks]})


def _children(
    session: Transaction, parents: Sequence[int], locked: Tasks, host: str
) -> dict[int, Row[Any]]:
    """Prepare the children of retried tasks; return those that are to be executed again.

    Input that a parent makes may change now. A child without such input is registered anew.
    """
    children = descendants.children_of(parents, locked)
    living = {task: row for task, row in children.items() if row.status not in descendants.GIVEN_UP}
    reading = descendants.have_input_change(session, living)
    anew = {
        task: TaskOutcome("registered", oldstatus=row.oldstatus, ago=None)
        for task, row in living.items()
        if task not in reading
    }
    outcomes.write(session, anew, host=host)
    return {
        task: living[task]
        for task in sorted(reading)
        if living[task].status not in descendants.WORKING
    }
