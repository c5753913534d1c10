"""Feeding tasks: files of their input datasets, from a catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pandadb.core.datasets.catalogue import JsonCatalogue
from pandadb.core.sql import validation
from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks.feeds import feed_plans, feed_sources, task_feeds
from pandadb.core.tasks.row_locks import TasksLocked
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandadb.core.datasets.catalogue import Catalogue
    from pandadb.core.tasks.feeds.feed_plans import FeedPlan
    from pandadb.core.tasks.feeds.feed_progress import TaskFeed
    from pandadb.database import Database


@dataclass
class FeedReport:
    """Results of a feed by task, and reasons for tasks that were refused."""

    fed: dict[int, TaskFeed] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)


def feed(
    database: Database,
    tasks: int | Iterable[int],
    catalogue: Catalogue,
    *,
    vo: str | None = None,
    label: str | None = None,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> FeedReport:
    """Feed tasks of a VO and label with the files that a catalogue has of their input datasets.

    The catalogue is asked before the transaction that writes, so no lock is held meanwhile. Each
    task has its own transaction: a task that is locked, or has nothing to be fed, is refused.

    Raises:
        InvalidValue: A task is no number, or the parameters of the only task are not usable.
        TasksLocked: The only task was locked for longer than the lock timeout.
    """
    ids = validation.ids(tasks)
    report = FeedReport()
    for task in ids:
        try:
            plan = _plan(database, task, vo, label)
            if plan is None:
                report.refused[task] = f"Task {task} has no dataset to feed, or an agent has it"
            else:
                _feed(database, plan, catalogue, options, report)
        except (InvalidValue, TasksLocked) as error:
            if isinstance(tasks, int):
                raise type(error)(f"task {task}: {error}") from None
            report.refused[task] = str(error)
    return report


def feed_new(
    database: Database,
    task: int,
    catalogue: Catalogue | None = None,
    *,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> TaskFeed | None:
    """Feed a task that was just refined; return None if nothing is due.

    Without a catalogue only a task without input datasets is fed: its files are made up.

    Raises:
        InvalidValue: The parameters of the task are not usable.
    """
    plan = _plan(database, task, None, None)
    if plan is None or (catalogue is None and not all(one.is_pseudo for one in plan.datasets)):
        return None
    report = FeedReport()
    _feed(database, plan, catalogue or JsonCatalogue({}), options, report)
    return report.fed.get(task)


def _plan(database: Database, task: int, vo: str | None, label: str | None) -> FeedPlan | None:
    with database.transaction() as connection:
        return feed_plans.plan(connection, task, vo=vo, label=label)


def _feed(
    database: Database,
    plan: FeedPlan,
    catalogue: Catalogue,
    options: VerbOptions,
    report: FeedReport,
) -> None:
    task = plan.jeditaskid
    answers = feed_sources.ask(plan, catalogue)
    with transaction(database, options) as connection:
        fed = task_feeds.feed(connection, plan, answers, host=options.host, lock=options.lock)
    if fed is None:
        report.refused[task] = f"Task {task} is locked, or was fed meanwhile"
    else:
        report.fed[task] = fed
