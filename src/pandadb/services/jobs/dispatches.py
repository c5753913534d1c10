"""Jobs for workers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from pandadb.core.jobs.dispatch import dispatches
from pandadb.core.jobs.states import SET_BY_MOVER
from pandadb.core.shares import ranking
from pandadb.core.sql.validation import InvalidValue, check_columns, check_given, check_names, words
from pandadb.models import HarvesterRelJobsWorkers, JobsActive4
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from pandadb.core.jobs.dispatch.dispatches import DispatchRequest, DispatchResult
    from pandadb.database import Database

FRESH = 10.0
"""Seconds for which the order of shares is cached; their statistics change once a minute."""

RANKINGS: WeakKeyDictionary[Engine, tuple[float, list[str]]] = WeakKeyDictionary()


def dispatch(
    database: Database,
    wanted: DispatchRequest,
    *,
    worker: tuple[str, int] | None = None,
    options: VerbOptions = DEFAULT_OPTIONS,
    **values: Any,
) -> list[DispatchResult]:
    """Give activated jobs to a worker: by share, priority and PandaID; each job to one worker only.

    Returns the jobs with their files and parameters. There may be fewer than requested while other
    workers take jobs, too; an empty list means that no job is left. The worker is its Harvester
    instance and its number; `values` are further columns of the jobs, such as `computingelement`.
    The call never waits for jobs: locked ones are skipped. Times that Python does not have, such as
    infinity, are a `TimeBeyond`. If the connection is lost before the answer arrives, jobs may have
    been taken: they stay `sent` until they expire.

    Raises:
        InvalidValue: A value does not fit its column, or there is no such column.
        JobsLocked: The table, or an earlier relation of the worker to a job, was locked for longer
            than the lock timeout.
    """
    check_columns(JobsActive4, values)
    check_given(values, SET_BY_MOVER, "the dispatch")
    check_names(JobsActive4, words(wanted.columns or ()))
    if worker is not None:
        _check_worker(worker)
    with transaction(database, options, at_once=True) as connection:
        order = _ranking(connection)
        return dispatches.take(connection, wanted, order, options.host, worker, **values)


def _check_worker(worker: tuple[str, int]) -> None:
    """See that it is the name of a Harvester instance and the number of a worker."""
    if not isinstance(worker, tuple | list) or len(worker) != 2:
        raise InvalidValue(f"worker has to be a Harvester instance and a number, not {worker!r}")
    names = ("harvesterid", "workerid")
    check_columns(HarvesterRelJobsWorkers, dict(zip(names, worker, strict=True)))


def _ranking(connection: Connection) -> list[str]:
    """Return the order of the shares, worked out anew now and then."""
    when, order = RANKINGS.get(connection.engine, (0.0, []))
    if time.monotonic() - when > FRESH:
        order = ranking.ranking(connection)
        RANKINGS[connection.engine] = (time.monotonic(), order)
    return order
