"""Live jobs that match a filter, locked so that they still match when a verb takes them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from pandadb.core.jobs.files import file_accounting
from pandadb.core.jobs.mover import looks
from pandadb.core.jobs.refusals import Refusal, RefusalReason, refusing_to_wait
from pandadb.core.jobs.search.filters import conditions, places
from pandadb.core.jobs.search.job_filters.job_filter import as_filter
from pandadb.core.sql.transaction import Lock
from pandadb.core.sql.validation import InvalidValue
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

    from pandadb.core.jobs.search.filters import Filter
    from pandadb.core.jobs.search.job_filters.job_filter import AnyFilter
    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import JobTable

LIVE_NAMES = tuple(table.__tablename__ for table in LIVE_TABLES)


def live(given: AnyFilter) -> Filter:
    """Return the filter for live jobs only: verbs do not take jobs that have ended.

    Raises:
        InvalidValue: The filter has no condition, so that it matches every job; or it names a table
            of ended jobs.
    """
    chosen = as_filter(given)
    if chosen.is_unconditional:
        raise InvalidValue("A filter without a condition matches every job: give it at least one")
    ended = [name for name in chosen.tables or () if name not in LIVE_NAMES]
    if chosen.archive or ended:
        where = ended[0] if ended else "the archive"
        raise InvalidValue(f"Jobs of {where} have ended: verbs are for {', '.join(LIVE_NAMES)}")
    return replace(chosen, tables=LIVE_NAMES if chosen.tables is None else chosen.tables)


def lock(
    session: Transaction, chosen: Filter, pandaids: Sequence[int], how: Lock, *, accounted: bool
) -> tuple[list[int], dict[int, Refusal]]:
    """Lock those of the jobs that match the filter now; with SKIP report those that are locked.

    A job that has changed since it was found, and matches no longer, is in neither. With
    `accounted` the tasks and datasets of the jobs are locked before the jobs. Jobs are locked in
    the order in which the mover locks them.

    Raises:
        JobsLocked: See `mover.move`.
    """
    free = file_accounting.lock(session, pandaids, how) if accounted else pandaids
    here = replace(chosen, pandaids=free)
    found: dict[int, None] = {}
    with refusing_to_wait():
        for table, treatment in looks(places(here), how):
            skip, nowait = treatment is Lock.SKIP, treatment is Lock.NOWAIT
            locked = _matching(table, here).with_for_update(skip_locked=skip, nowait=nowait)
            found |= dict.fromkeys(session.scalars(locked))
    return [*found], _locked(session, chosen, pandaids, found) if how is Lock.SKIP else {}


def _matching(table: JobTable, chosen: Filter) -> Select[int]:
    return select(table.pandaid).where(*conditions(chosen, table)).order_by(table.pandaid)


def _locked(
    session: Transaction, chosen: Filter, pandaids: Sequence[int], found: dict[int, None]
) -> dict[int, Refusal]:
    """Return the refusals of jobs that match, and were not found as they or a dataset is locked."""
    left = replace(chosen, pandaids=[job for job in pandaids if job not in found])
    busy = [job for table in places(left) for job in session.scalars(_matching(table, left))]
    return {
        job: Refusal(
            RefusalReason.LOCKED, f"Job {job} matches, but another transaction is changing it"
        )
        for job in busy
    }
