"""Jobs looked up, listed and counted, and their history. Nothing is changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pandadb.core.jobs.search import histories, pages, site_names
from pandadb.core.jobs.search.filters import Filter
from pandadb.core.jobs.search.histories import Attempt, History
from pandadb.core.jobs.search.pages import UnknownJob
from pandadb.core.jobs.search.pagination import Order
from pandadb.database import session_of
from pandadb.services.archive.months.exported_jobs import exported

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pandadb.core.jobs.search.job_filters.job_filter import AnyFilter
    from pandadb.core.jobs.search.pages import Page
    from pandadb.database import Database

ALL = Filter()
PARQUET = "parquet"
"""The `table` of a job that only an exported month has."""


def get(
    database: Database,
    pandaid: int,
    *,
    archive: Database | None = None,
    exports: Path | None = None,
) -> dict[str, Any]:
    """Return a job from wherever it is, the archive included; see `core.jobs.search.pages.get`.

    A job that no table has is looked up in `archive`, another database to which days are copied,
    and then in `exports`, a folder of exported months: it has the same keys then, and its `table`
    is `parquet`.

    Raises:
        UnknownJob: No table and no file has it.
        InvalidValue: No job can have the number.
        InvalidManifest, UnreadableExport: An export cannot be read.
        ParquetMissing: A file can have it, but the extra `parquet` is not installed.
    """
    try:
        with database.session() as session, session_of(archive) as other:
            return pages.get(session, pandaid, other)
    except UnknownJob:
        if job := _exported(exports, pandaid):
            return job
        raise


def _exported(exports: Path | None, pandaid: int) -> dict[str, Any] | None:
    """Return a job of an exported month as the database would."""
    found = exported(exports, pandaid=pandaid) if exports else None
    if found is None:
        return None
    job = {"table": PARQUET, **found.job}
    for row in (*found.parameters, *found.metadata):  # in the order of their time
        job |= {name: row[name] for name in ("jobparameters", "metadata") if name in row}
    return job | {"files": found.files}


def find(
    database: Database,
    chosen: AnyFilter = ALL,
    *,
    columns: Sequence[str] = (),
    order: str = "pandaid",
    descending: bool = False,
    limit: int = 100,
    after: str | None = None,
) -> Page:
    """Return a page of the jobs that fit: the columns that are named, or all, and the `table`.

    The next page comes with `after=page.next`. NULL is ordered after every value.

    Raises:
        InvalidValue: Unknown column, invalid limit, or malformed regular expression.
        InvalidCursor: `after` is not the `next` of a page in this order.
    """
    by = Order(order, descending)
    with database.session() as session:
        return pages.find(session, chosen, columns=columns, order=by, limit=limit, after=after)


def count(
    database: Database, chosen: AnyFilter = ALL, by: Sequence[str] = ("jobstatus",)
) -> list[dict[str, Any]]:
    """Return how many `jobs` fit for each combination of values of columns, most first.

    Raises:
        InvalidValue: There is no such column, or the regular expression is malformed.
    """
    with database.session() as session:
        return pages.count(session, chosen, by)


def sites(database: Database, letters: str = "", *, limit: int = 100) -> list[str]:
    """Return sites that begin with some letters: PanDA queues, and the sites of active jobs."""
    with database.session() as session:
        return site_names.beginning_with(session, letters, limit)


def history(
    database: Database,
    pandaid: int,
    *,
    archive: Database | None = None,
    exports: Path | None = None,
    known: Mapping[str, Any] | None = None,
) -> History:
    """Return the states of a job with the seconds in each, and its chain of attempts.

    Jobs that no table has are looked for in `archive`, another database to which days are copied,
    and then in `exports`, a folder of exported months. A job that `get` has returned may be given
    as `known`, and is not looked up again.

    Raises:
        UnknownJob: There is no job, nor anything known of it.
        InvalidValue: No job can have the number.
        InvalidManifest, UnreadableExport: An export cannot be read.
        ParquetMissing: A file can have a job, but the extra `parquet` is not installed.
    """
    try:
        with database.session() as session, session_of(archive) as other:
            found = histories.history(session, pandaid, other, known)
    except UnknownJob:
        found = History(pandaid, [], [Attempt(pandaid, (), None, None, None, None, None)])
        if not _exported(exports, pandaid):
            raise
    return replace(found, attempts=[_known(one, exports) for one in found.attempts])


def _known(attempt: Attempt, exports: Path | None) -> Attempt:
    job = None if attempt.table else _exported(exports, attempt.pandaid)
    if job is None:
        return attempt
    names = ("attemptnr", "jobstatus", "computingsite", "table")
    return replace(attempt, **{name: job[name] for name in names})
