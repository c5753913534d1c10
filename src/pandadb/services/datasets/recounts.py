"""Counters of datasets: recounted from their files, and repaired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.datasets import recounts
from pandadb.core.sql import validation
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandadb.core.datasets.recounts import Miscount
    from pandadb.database import Database


def recount(
    database: Database,
    tasks: int | Iterable[int] | None = None,
    *,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> list[Miscount]:
    """Return the wrong counters of the datasets of tasks, or of all, and repair them.

    Of all tasks only datasets with files are counted: those of old tasks may be gone. A dry run
    lists them only; only tasks with wrong counters are locked. The definitions of the counters
    (semantics 4.1) are data: `core.datasets.counters`.

    Raises:
        InvalidValue: A task is no number.
    """
    chosen = None if tasks is None else validation.ids(tasks)
    with transaction(database, options) as connection:
        return recounts.recount(connection, chosen, repair=not options.dry_run, lock=options.lock)
