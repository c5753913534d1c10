"""Jobs found: one from wherever it is, a page of those that fit a filter, or how many fit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, bindparam, cast, func, literal, literal_column, select, union_all

from pandadb.core.archive.lookup.archived_jobs import at, gathered, groups, search
from pandadb.core.jobs.search import lookup
from pandadb.core.jobs.search.filters import conditions, places
from pandadb.core.jobs.search.job_filters.job_filter import as_filter
from pandadb.core.jobs.search.job_filters.regexes import bounded
from pandadb.core.jobs.search.pagination import Cursor, Order
from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import InvalidValue, check_columns, check_number, near, words
from pandadb.errors import PandaDBError
from pandadb.models import (
    JobsActive4,
    JobsArchived,
    JobsArchived4,
)
from pandadb.models.jobs.all_tables import ARCHIVE_TABLES, JOB_TABLES, SATELLITES, UNARCHIVED_TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement, CompoundSelect, Select

    from pandadb.core.jobs.search.filters import Filter
    from pandadb.core.jobs.search.job_filters.job_filter import AnyFilter
    from pandadb.core.sql.transaction import Transaction
    from pandadb.models import Base
    from pandadb.models.jobs.all_tables import ArchiveTable, JobTable, Satellite

BY_PANDAID = Order()
MAX_PAGE = 100_000
"""How many jobs a page may have."""


class UnknownJob(PandaDBError):
    """A job that no table has."""


@dataclass(frozen=True)
class Page:
    """Some jobs, in order."""

    jobs: list[dict[str, Any]]
    next: str | None
    """The cursor for the next page; None if this is the last."""


def get(session: Transaction, pandaid: int, archive: Transaction | None = None) -> dict[str, Any]:
    """Return all columns of a job, and besides them its `table` and its `files`.

    The archive is queried, too, and then `archive`, another database. `jobparameters` and
    `metadata`, which are empty in the tables of jobs, are those of the job's satellites.

    Raises:
        UnknownJob: No table has it.
        InvalidValue: No job can have the number.
    """
    check_columns(JobsActive4, {"pandaid": pandaid})
    found = _live(session, pandaid) or _archived(session, pandaid) or _live(session, pandaid)
    if not found:  # not even on its way back from the archive
        if archive:
            return get(archive, pandaid)
        raise UnknownJob(f"Job {pandaid} is unknown: no table has it, nor has the archive")
    job = min(found, key=lambda row: row["place"])
    place = JOB_TABLES[job.pop("place")]
    files, parameters, metadata = (_satellites(session, job, table, place) for table in SATELLITES)
    for row in (*parameters, *metadata):  # in the order of their time
        job |= {name: row[name] for name in ("jobparameters", "metadata") if name in row}
    return job | {"files": files}


def _live(session: Transaction, pandaid: int) -> list[dict[str, Any]]:
    found = connection_of(session).execute(by_id(), {"pandaid": pandaid})
    return [dict(row) for row in found.mappings()]


def _archived(session: Transaction, pandaid: int) -> list[dict[str, Any]]:
    found = search(session, JobsArchived, [pandaid], select(JobsArchived.__table__))
    here = {"place": JOB_TABLES.index(JobsArchived), "table": JobsArchived.__tablename__}
    return [{**here, **row._mapping} for row in found]


@cache
def by_id() -> CompoundSelect[Any]:
    """Return the statement that looks for a job where it is not archived.

    That is at one moment, as jobs move.
    """
    wanted = bindparam("pandaid", type_=BigInteger)
    return union_all(
        *(
            select(
                literal(place).label("place"),
                literal(job.__tablename__).label("table"),
                *job.__table__.c,
            ).where(job.pandaid == wanted)
            for place, job in enumerate(UNARCHIVED_TABLES)
        )
    )


def _satellites(
    session: Transaction, job: dict[str, Any], live: Satellite, place: JobTable
) -> list[dict[str, Any]]:
    """Return the satellites of a job from their own place, or else from the place before.

    Only the satellites of ended jobs go to the archive.
    """
    archive = ARCHIVE_TABLES[live]
    if place is JobsArchived:
        return _in_archive(session, job, archive) or _beside(session, job, live)
    found = _beside(session, job, live)
    return found or (_in_archive(session, job, archive) if place is JobsArchived4 else [])


def _beside(session: Transaction, job: dict[str, Any], table: type[Base]) -> list[dict[str, Any]]:
    rows = table.__table__
    query = select(rows).where(rows.c.pandaid == job["pandaid"]).order_by(_order(table))
    return [dict(row) for row in session.execute(query).mappings()]


def _in_archive(
    session: Transaction, job: dict[str, Any], table: ArchiveTable
) -> list[dict[str, Any]]:
    """Return the rows of the day on which the job ended, or else from the likely places."""
    query = select(table.__table__).order_by(_order(table))
    found = at(session, table, job["pandaid"], job["modificationtime"], query)
    found = found or search(session, table, [job["pandaid"]], query, elsewhere=[job["pandaid"]])
    return [dict(row._mapping) for row in found]


def _order(table: type[Base]) -> ColumnElement[Any]:
    columns = table.__table__.c
    found: ColumnElement[Any] = columns.get("row_id", columns.modificationtime)
    return found


def find(
    session: Transaction,
    chosen: AnyFilter,
    *,
    columns: Sequence[str] = (),
    order: Order = BY_PANDAID,
    limit: int = 100,
    after: str | None = None,
) -> Page:
    """Return a page of jobs: of each its `table` and the columns, or all if none are named.

    A job that changes while the pages are read may be on two of them, or on none, if the change
    moves it in the order.

    Raises:
        InvalidValue: Unknown column, invalid limit, or malformed regular expression;
            after the latter the transaction can only be rolled back.
        InvalidCursor: `after` is not the `next` of a page in this order.
        SearchTimeout: See `regexes.bounded`.
    """
    columns = words(columns)
    check_selectable(columns)
    check_number("limit", limit, 1, MAX_PAGE)
    cursor = None if after is None else Cursor.read(after, order)
    part = partial(_part, columns=columns, order=order, cursor=cursor)
    return _page(session, as_filter(chosen), part, order, limit)


def _page(
    session: Transaction,
    chosen: Filter,
    part: Callable[[JobTable, Filter], Select[*tuple[Any, ...]]],
    order: Order,
    limit: int,
) -> Page:
    with bounded(session, chosen):
        parts = [
            _placed(session, chosen, job, part(job, chosen).limit(limit + 1))
            for job in places(chosen)
        ]
        if not parts:
            return Page([], None)
        together = union_all(*parts) if parts[1:] else parts[0].order_by(None)
        ends = order.by(literal_column("ordered_by"), literal_column("tie"))
        found = session.execute(together.order_by(*ends).limit(limit + 1))
        names, rows = [*found.keys()][:-2], found.all()
    jobs = [dict(zip(names, row[:-2], strict=True)) for row in rows[:limit]]
    last = str(Cursor(order, *rows[limit - 1][-2:])) if len(rows) > limit else None
    return Page(jobs, last)


def _part(
    job: JobTable,
    chosen: Filter,
    columns: Sequence[str],
    order: Order,
    cursor: Cursor | None,
) -> Select[*tuple[Any, ...]]:
    """Select the rows of one table for a page."""
    row = job.__table__.c
    ordered_by = row[order.column]
    query = (
        select(
            literal(job.__tablename__).label("table"),
            *(row[name] for name in dict.fromkeys(columns or row.keys()) if name != "table"),
            ordered_by.label("ordered_by"),
            row.pandaid.label("tie"),
        )
        .where(*conditions(chosen, job))
        .order_by(*order.by(_unindexed(ordered_by, chosen, job), row.pandaid))
    )
    return query.where(cursor.follows(ordered_by, row.pandaid)) if cursor else query


def _unindexed(ordered_by: ColumnElement[Any], chosen: Filter, job: JobTable) -> ColumnElement[Any]:
    """Return the order of a part: of jobs that may be few hidden from the planner.

    It would walk all jobs in that order until it has enough of them, instead of looking them up by
    the index of their task, or in the archive of their user. JOBSARCHIVED4 is the table without an
    index of a task's jobs in the order of their PandaIDs.
    """
    has_index = ordered_by.key == "pandaid" and job is not JobsArchived4
    of_task = chosen.jeditaskid is not None and not has_index
    of_user = chosen.produsername is not None and job is JobsArchived
    return func.greatest(ordered_by) if of_task or of_user else ordered_by


def _placed(
    session: Transaction, chosen: Filter, job: JobTable, part: Select[*tuple[Any, ...]]
) -> Select[*tuple[Any, ...]]:
    """Return the rows of one table for a page; of the archive, only its partitions with named jobs.

    These are also the partitions of jobs that have ended but are still live, as they may be
    archived before the statement runs. If the archive needs several statements, it is read before
    the live tables: a job that is archived between these is on no page then, and one that is
    restored on it twice.
    """
    if job is not JobsArchived or not chosen.pandaids:
        return part
    live = lookup.live(session, chosen.pandaids, _when)
    query = select(JobsArchived.pandaid, JobsArchived.modificationtime)
    found = search(session, JobsArchived, chosen.pandaids, query, elsewhere=live)
    found += [row for row in live.values() if row.ended]
    return gathered(session, part, groups(session, JobsArchived, found))


def _when(job: JobTable) -> Select[*tuple[Any, ...]]:
    ended = literal(job is JobsArchived4).label("ended")
    return select(job.pandaid, job.modificationtime, ended)


def count(session: Transaction, chosen: AnyFilter, by: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return how many `jobs` there are for each combination of values of columns, most first.

    Besides the columns, jobs can be counted by their `table`.

    Raises:
        InvalidValue: As `find` does.
    """
    names = [*dict.fromkeys(words(by))]
    check_selectable(names)
    found = as_filter(chosen)
    with bounded(session, found):
        return _counts(session, found, names)


def _counts(session: Transaction, chosen: Filter, names: Sequence[str]) -> list[dict[str, Any]]:
    parts = [_placed(session, chosen, job, _counted(job, chosen, names)) for job in places(chosen)]
    if not parts:
        return [] if names else [{"jobs": 0}]
    union = union_all(*parts).subquery()
    keys = [union.c[name] for name in names]
    jobs = cast(func.sum(union.c.jobs), BigInteger).label("jobs")
    query = select(*keys, jobs).group_by(*keys).order_by(jobs.desc(), *keys)
    if names:
        query = query.having(func.sum(union.c.jobs) > 0)
    return [dict(row) for row in session.execute(query).mappings()]


def _counted(job: JobTable, chosen: Filter, names: Sequence[str]) -> Select[*tuple[Any, ...]]:
    """Count the jobs of one table."""
    columns = job.__table__.c
    table = literal(job.__tablename__).label("table")
    keys = [table if name == "table" else columns[name] for name in names]
    return (
        select(*keys, func.count().label("jobs"))
        .select_from(job)
        .where(*conditions(chosen, job))
        .group_by(*(columns[name] for name in names if name != "table"))
    )


def check_selectable(names: Sequence[str]) -> None:
    """See that every name is a column of jobs, or `table`."""
    known = ["table", *JobsActive4.__table__.c.keys()]
    for name in names:
        if name not in known:
            hint = near(name, known)
            raise InvalidValue(f"jobs have no column {name!r}{hint}")
