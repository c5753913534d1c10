"""Tasks that are new: submitted, taken over, refined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks.feeds import feed_plans
from pandadb.core.tasks.refinement import refinements
from pandadb.core.tasks.submission import requests, takeovers
from pandadb.core.tasks.submission.parameters import InvalidTask, read_parameters
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.tasks.refinement.dispositions import Refinement
    from pandadb.core.tasks.refinement.streams import DatasetNames
    from pandadb.core.tasks.requesters import Requester
    from pandadb.core.tasks.submission.requests import SubmissionAnswer
    from pandadb.database import Database


def read(text: str) -> dict[str, Any]:
    """Return the parameters of a task in JSON.

    Raises:
        InvalidTask: The text is no JSON, or has no task; the sentence names the parameter.
    """
    return read_parameters(text)


def submit(
    database: Database,
    parameters: dict[str, Any],
    *,
    requester: Requester,
    parent: int | None = None,
    allow_active: bool = False,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> SubmissionAnswer:
    """Submit a task, in the JSON form of PanDA's `insertTaskParams`; return the answer.

    The task waits in T_TASK to be taken over. A user's task with `uniqueTaskName` that has ended
    runs again with the new parameters; with `allow_active` one that runs has them changed.

    Raises:
        InvalidTask: These are no parameters of a task; the sentence names the parameter.
    """
    with transaction(database, options) as connection:
        return requests.submit(
            connection, parameters, requester, parent=parent, allow_active=allow_active
        )


def take(
    database: Database,
    vo: str | None = None,
    label: str | None = None,
    *,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> list[int]:
    """Take over tasks that wait in T_TASK, of a VO and a label (None: all); return their numbers.

    After them come tasks that should have been refined ten minutes ago and were not. Tasks that
    another transaction has locked are left out.
    """
    with transaction(database, options) as connection:
        return takeovers.take(connection, vo, label)


def refine(
    database: Database,
    tasks: Iterable[int],
    *,
    catalogue: DatasetNames | None = None,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> list[Refinement]:
    """Refine tasks that were taken over; return the outcome of each.

    A task gets its attributes, split rules, datasets and templates, and is `defined`; or it waits
    or ends, with the reason. Tasks that are not to be refined are left out. Without a catalogue
    each input dataset is taken to exist, and none is expanded.
    """
    with transaction(database, options) as connection:
        return refinements.refine(connection, [*tasks], options.host, catalogue)


def enter(
    database: Database,
    parameters: dict[str, Any],
    *,
    requester: Requester,
    parent: int | None = None,
    allow_active: bool = False,
    catalogue: DatasetNames | None = None,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> tuple[SubmissionAnswer, Refinement | None]:
    """Submit, take over and refine a task in one transaction; return the answer and its state.

    The state is None where no new task was made: see the code of the answer.

    Raises:
        InvalidTask: The parameters are none of a task, the task would be `tobroken`, or its input
            could not be fed.
    """
    with transaction(database, options) as connection:
        answer = requests.submit(
            connection, parameters, requester, parent=parent, allow_active=allow_active
        )
        if answer.code is not requests.SubmissionCode.ACCEPTED or answer.jeditaskid is None:
            return answer, None
        taken = takeovers.take(connection, tasks=[answer.jeditaskid])
        (refined,) = refinements.refine(connection, taken, options.host, catalogue)
        if refined.status == "tobroken":
            raise InvalidTask(f"the task {refined.reason}")
        _check_feed(connection, answer.jeditaskid)
        return answer, refined


def _check_feed(session: Transaction, task: int) -> None:
    """See that the feed will follow the parameters, as a task cannot be taken back after it.

    Raises:
        InvalidTask: It will not.
    """
    try:
        feed_plans.plan(session, task)
    except InvalidValue as error:
        raise InvalidTask(f"the task cannot be fed: {error}") from None
