"""Scan for jobs, live and in the archive, without a lock on every partition at once.

A query by PandaID alone locks every partition of the archive with its indexes, some twenty locks
for each. So the archive is scanned one stretch of time after the other.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import literal, select, union_all

from pandadb.core.archive.layout import ARCHIVED_JOBS
from pandadb.core.partitions import catalog
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.table_columns import named
from pandadb.core.sql.time_range import TimeRange
from pandadb.models.jobs.all_tables import UNARCHIVED_TABLES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy.orm import Session


PARTITIONS_PER_SCAN = 50
"""Partitions of one statement."""
SELECT_JOBS = (
    "SELECT pandaid, modificationtime FROM {jobs} WHERE {times} AND {column} = ANY({values})"
)
SELECT_NEXT = (
    "(SELECT DISTINCT pandaid FROM {table} WHERE {times} AND pandaid > {after}"
    " ORDER BY pandaid LIMIT {limit})"
)


def stretches(session: Session) -> list[TimeRange]:
    """Return the stretches of time in which the archive of jobs is scanned, the newest first.

    They cover all times, so that rows of a DEFAULT partition are found, too.
    """
    ones = catalog.partitions(session, [ARCHIVED_JOBS])[ARCHIVED_JOBS]
    lowers = [one.lower for one in ones if isinstance(one.lower, datetime)]
    cuts = [None, *lowers[PARTITIONS_PER_SCAN::PARTITIONS_PER_SCAN], None]
    return [TimeRange(*pair) for pair in pairwise(cuts)][::-1]


def archived(
    session: Session, times: TimeRange, column: str, values: Collection[int]
) -> Iterator[tuple[int, datetime]]:
    """Yield jobs of a stretch of the archive, with their times, by `pandaid` or `jeditaskid`."""
    query = sql.SQL(SELECT_JOBS).format(
        jobs=named(session, ARCHIVED_JOBS),
        times=times.condition(),
        column=sql.Identifier(column),
        values=id_list(values),
    )
    for pandaid, when in session.connection().exec_driver_sql(query.as_string()):
        yield int(pandaid), when


def id_list(numbers: Collection[int]) -> sql.Composed:
    """Return ids as a literal."""
    return sql.SQL("{}::bigint[]").format(sql.Literal(f"{{{','.join(map(str, numbers))}}}"))


def next_jobs(
    session: Session, tables: Collection[str], times: TimeRange, after: int, limit: int
) -> list[int]:
    """Return the PandaIDs that follow one in rows of some time of any of the tables."""
    words = {"times": times.condition(), "after": sql.Literal(after), "limit": sql.Literal(limit)}
    each = [sql.SQL(SELECT_NEXT).format(table=named(session, table), **words) for table in tables]
    query = sql.SQL(" UNION ").join(each) + sql.SQL(" ORDER BY 1 LIMIT {}").format(limit)
    return [*session.connection().exec_driver_sql(query.as_string()).scalars()]


def live_jobs(session: Session, column: str, values: Collection[int]) -> dict[int, str]:
    """Return the jobs outside of the archive, each with its table."""
    parts = (
        select(job.pandaid, literal(job.__tablename__)).where(
            is_among(job.__table__.c[column], values)
        )
        for job in UNARCHIVED_TABLES
    )
    return {pandaid: table for pandaid, table in session.execute(union_all(*parts))}  # noqa: C416
