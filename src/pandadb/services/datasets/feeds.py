"""Feeding tasks: files of their input datasets, from a catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pandadb.core.sql import validation
from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks import feed_plans, feeds
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pandadb.core.datasets.catalogue import Catalogue
    from pandadb.core.tasks.feed_plans import FeedPlan
    from pandadb.core.tasks.feeds import TaskFeed
    from pandadb.database import Database


@dataclass
class FeedReport:
    """What a feed did, for each task; and why it did nothing for others."""

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
    """
    ids = validation.ids(tasks)
    report = FeedReport()
    for task in ids:
        try:
            _feed(database, task, catalogue, (vo, label), options, report)
        except InvalidValue as error:
            if isinstance(tasks, int):
                raise
            report.refused[task] = str(error)
    return report


def _feed(
    database: Database,
    task: int,
    catalogue: Catalogue,
    places: Sequence[str | None],
    options: VerbOptions,
    report: FeedReport,
) -> None:
    vo, label = places
    with transaction(database, options) as connection:
        plan: FeedPlan | None = feed_plans.plan(connection, task, vo=vo, label=label)
    if plan is None:
        report.refused[task] = f"Task {task} has no dataset to be fed, or an agent works on it"
        return
    answers = feeds.ask(plan, catalogue)
    with transaction(database, options) as connection:
        fed = feeds.feed(connection, plan, answers, host=options.host, lock=options.lock)
    if fed is None:
        report.refused[task] = f"Task {task} is locked, or was fed meanwhile"
    else:
        report.fed[task] = fed
