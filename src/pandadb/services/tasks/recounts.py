"""Counters and periods of tasks, compared with the rows that they are made of, and repaired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.datasets import recounts
from pandadb.core.sql import validation
from pandadb.core.tasks.recounting import (
    job_metric_recounts,
    task_metric_recounts,
    total_recounts,
)
from pandadb.core.tasks.recounting.wrong_values import WrongValue
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandadb.database import Database


def recount(
    database: Database,
    tasks: int | Iterable[int] | None = None,
    *,
    force: bool = False,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> list[WrongValue]:
    """Return what is wrong of tasks, or of all, and repair it.

    Recounted are JEDI_DATASETS, the totals of T_TASK, JOB_METRICS and TASK_METRICS. Of all tasks
    those of datasets without files are left alone, and T_TASK and JOB_METRICS of tasks that have
    ended. What cannot be known any more is refused, with a reason: a total of T_TASK that is
    greater than the jobs that are there is lowered by `force` only. A dry run lists.

    Raises:
        InvalidValue: A task is no number.
        TasksLocked: A row was locked for longer than the lock timeout.
    """
    chosen = None if tasks is None else validation.ids(tasks)
    repair, lock = not options.dry_run, options.lock
    with transaction(database, options) as connection:
        of_datasets = recounts.recount(connection, chosen, repair=repair, lock=lock)
        periods = task_metric_recounts.recount(connection, chosen, repair=repair, lock=lock)
        totals = total_recounts.recount(connection, chosen, repair=repair, force=force, lock=lock)
        of_jobs = job_metric_recounts.recount(connection, chosen, repair=repair)
    found = [WrongValue("jedi_datasets", *one) for one in of_datasets]
    return [*found, *totals, *of_jobs, *periods]
