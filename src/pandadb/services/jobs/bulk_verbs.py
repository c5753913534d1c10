"""Verbs for all live jobs that match a filter, in batches: each batch is a transaction.

A job is taken only if it still matches when it is locked. Jobs that are newer than the newest match
at the beginning are left alone, so that a verb ends even while jobs are submitted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pandadb.core.jobs import advances
from pandadb.core.jobs.ending import kills
from pandadb.core.jobs.ending.kills import KillResult
from pandadb.core.jobs.mover import MoveResult
from pandadb.core.jobs.search import matches, pages
from pandadb.core.jobs.search.pagination import Order
from pandadb.core.jobs.states import transitions
from pandadb.core.sql import validation
from pandadb.models import JobsActive4
from pandadb.services.jobs import table_statistics
from pandadb.services.jobs.iteration import read_pages
from pandadb.services.jobs.verbs import CANCEL, check_verb
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Unpack

    from sqlalchemy import Connection

    from pandadb.core.jobs.search.filters import Filter
    from pandadb.core.jobs.search.job_filters.job_filter import AnyFilter
    from pandadb.database import Database
    from pandadb.job_types import JobColumns, JobVerb

    OnProgress = Callable[[int], None]
    """Is called after each batch with its number of jobs."""

Result = TypeVar("Result", bound=MoveResult)
BATCH_SIZE = 1000
MAX_BATCH = 10_000
NEWEST = Order(descending=True)


def count_where(database: Database, chosen: AnyFilter) -> int:
    """Return how many jobs the verbs of this module would take or refuse.

    Raises:
        InvalidValue: The filter has no condition, or names a table of ended jobs.
    """
    with database.session() as session:
        ((number,),) = (row.values() for row in pages.count(session, matches.live(chosen)))
    return int(number)


def advance_where(
    database: Database,
    verb: JobVerb | str,
    chosen: AnyFilter,
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    batch_size: int = BATCH_SIZE,
    on_progress: OnProgress | None = None,
    **values: Unpack[JobColumns],
) -> MoveResult:
    """Take the live jobs that match a filter through a verb; see `advance`.

    Jobs in a state that the verb is not for are refused: name states in the filter to leave them
    out. Repeat the call after an error: the batches before it are committed.

    Raises:
        UnknownVerb: There is no such verb.
        InvalidValue: The filter has no condition, or names a table of ended jobs; or a value does
            not fit its column.
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    check_verb(verb)
    validation.check_columns(JobsActive4, values)
    cancels = verb in CANCEL
    accounted = cancels or advances.is_accounted(transitions(verb))
    given: dict[str, Any] = {"values": values, "host": options.host, "lock": options.lock}

    def work(connection: Connection, pandaids: list[int]) -> MoveResult:
        if cancels:
            return kills.cancel(connection, pandaids, **given)
        return advances.advance(connection, verb, pandaids, **given)

    total = MoveResult()
    batches = _batches(database, chosen, batch_size)
    for part in _results(database, batches, options, work, on_progress, accounted=accounted):
        total.add(part)
    if not (options.dry_run or cancels) and transitions(verb)[0].target == "activated":
        table_statistics.refresh(database, JobsActive4, len(total.jobs))
    return total


def kill_where(
    database: Database,
    chosen: AnyFilter,
    *,
    by: str,
    code: int = 9,
    options: VerbOptions = DEFAULT_OPTIONS,
    hard: bool = False,
    production: bool = True,
    keep_unmerged: bool = False,
    batch_size: int = BATCH_SIZE,
    on_progress: OnProgress | None = None,
) -> KillResult:
    """End the live jobs that match a filter by a kill code; see `kill`.

    Repeat the call after an error: the batches before it are committed.

    Raises:
        UnknownCode: There is no such code.
        InvalidValue: The filter has no condition, or names a table of ended jobs; or `by` has a
            character that no text can have.
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    kills.known(code)
    validation.check_text("by", by)

    def work(connection: Connection, pandaids: list[int]) -> KillResult:
        return kills.kill(
            connection,
            pandaids,
            code=code,
            by=by,
            host=options.host,
            lock=options.lock,
            hard=hard,
            production=production,
            keep_unmerged=keep_unmerged,
        )

    total = KillResult()
    batches = _batches(database, chosen, batch_size)
    for part in _results(database, batches, options, work, on_progress, accounted=True):
        total.add(part)
        total.told += part.told
    return total


def _batches(
    database: Database, chosen: AnyFilter, size: int
) -> Iterator[tuple[Filter, list[int]]]:
    """Yield the filter with the PandaIDs of each batch, up to the newest match."""
    validation.check_number("batch_size", size, 1, MAX_BATCH)
    live = matches.live(chosen)
    with database.session() as session:
        newest = pages.find(session, live, columns=["pandaid"], order=NEWEST, limit=1).jobs
    for page in read_pages(database, live, ["pandaid"], size) if newest else ():
        pandaids = [row["pandaid"] for row in page if row["pandaid"] <= newest[0]["pandaid"]]
        if not pandaids:
            return
        yield live, pandaids


def _results(
    database: Database,
    batches: Iterator[tuple[Filter, list[int]]],
    options: VerbOptions,
    work: Callable[[Connection, list[int]], Result],
    on_progress: OnProgress | None,
    *,
    accounted: bool,
) -> Iterator[Result]:
    """Do each batch in a transaction of its own; yield its result."""
    for chosen, pandaids in batches:
        with transaction(database, options) as connection:
            locked, busy = matches.lock(
                connection, chosen, pandaids, options.lock, accounted=accounted
            )
            done = work(connection, locked)
            done.refused |= busy
        if on_progress:
            on_progress(len(pandaids))
        yield done
