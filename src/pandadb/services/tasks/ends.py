"""Agents of the ends of tasks: inputs that have all ended, scouts, final states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.sql import validation
from pandadb.core.tasks.ending import ends, preparation
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from pandadb.core.tasks.ending.ends import EndResult
    from pandadb.database import Database

MOST_TASKS = 1_000_000


def prepare_ends(
    database: Database,
    vo: str | None = None,
    label: str | None = None,
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    limit: int | None = None,
) -> dict[int, str]:
    """Prepare tasks of a VO and a `prodsourcelabel` whose inputs have ended; return their states.

    Scouts that have ended are judged, too. It can be repeated, and several can run at once: each
    task is taken by one of them. `limit` is the number of tasks without files left, at most.

    Raises:
        InvalidValue: `limit` is no number above 0.
        InvalidSetting: A setting of JEDI in CONFIG is no number.
    """
    _check(limit)
    with transaction(database, options) as connection:
        return preparation.prepare(connection, vo, label, host=options.host, limit=limit)


def end_tasks(
    database: Database,
    vo: str | None = None,
    label: str | None = None,
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    limit: int | None = None,
    may_exhaust: bool = True,
) -> EndResult:
    """Give prepared tasks of a VO and a `prodsourcelabel` their final states (semantics 3.5).

    Tasks with scouts that have ended run. It can be repeated, and several can run at once.
    `may_exhaust` is for tasks with the rule `useExhausted`: they are exhausted instead of finished
    below their goal.

    Raises:
        InvalidValue: `limit` is no number above 0.
    """
    _check(limit)
    with transaction(database, options) as connection:
        return ends.end(
            connection, vo, label, host=options.host, limit=limit, may_exhaust=may_exhaust
        )


def _check(limit: int | None) -> None:
    if limit is not None:
        validation.check_number("limit", limit, 1, MOST_TASKS)
