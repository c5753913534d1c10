"""Which partitions of the archive can have a job: notes of the PandaIDs that each one has.

The notes are hints. A partition without one can have any job, and rows that came after it was
noted are found by who looks everywhere.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from psycopg import sql
from sqlalchemy import BigInteger, and_, bindparam, column, delete, func, insert, or_, select, text

from pandadb.core.archive.columns import named
from pandadb.core.archive.days import LIVE_OF
from pandadb.core.archive.peeking import Span, released
from pandadb.core.partitions import existing
from pandadb.models import ArchiveRange

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sqlalchemy import Row, Select
    from sqlalchemy.orm import Session

    from pandadb.core.partitions.existing import Partition
    from pandadb.models import Base

    Note = Row[*tuple[Any, ...]]

GROUP = 16
"""Partitions for one statement: with their indexes some 300 locks of the 6,400 of a server."""
PARTITIONS = """
SELECT count(*) AS partitions FROM pg_inherits WHERE inhparent = to_regclass(:parent)
"""
EXTREMES = "SELECT min(pandaid), max(pandaid) FROM {partition}"


def likely(session: Session, table: type[Base], pandaids: Collection[int]) -> Iterator[list[Span]]:
    """Return where jobs are to be looked for in a table of the archive, group by group.

    That is where a note says that they can be, and wherever no note is. A job has ended soon after
    it was made, most often: so the oldest that can have it come first, a few at a time.
    """
    ids = sorted(pandaids)
    if not ids:
        return
    noted, others = _noted(session, table, ids[0], ids[-1])
    there = [Span(row.lower_bound, row.upper_bound) for row in noted if _can_have(row, ids)]
    gaps = [*_gaps(noted)]
    if others <= GROUP:
        yield gaps + there[:1]
        yield from _growing(there[1:])
    else:
        yield from _growing(there)
        yield from _tiles(session, table, gaps)


def everywhere(session: Session, table: type[Base]) -> Iterator[list[Span]]:
    """Return all times of a table of the archive, a group of partitions at a time."""
    return _tiles(session, table, [Span(None, None)])


def unnoted(session: Session, table: type[Base]) -> list[list[Span]]:
    """Return the times of which nothing is noted, a group of partitions at a time."""
    noted, others = _noted(session, table, 0, -1)
    gaps = [*_gaps(noted)]
    if others <= GROUP:
        return [gaps]
    return [*_tiles(session, table, gaps)]


def _noted(
    session: Session, table: type[Base], least: int, greatest: int
) -> tuple[list[Note], int]:
    """Return notes and how many partitions have none, of which the DEFAULT one is always one.

    The notes are those that have ids in common with a range, and those with none beside them.
    """
    parent = named(session, str(table.__table__)).as_string()
    words = {"parent": parent, "least": least, "greatest": greatest}
    found = session.execute(_notes(), {"name": table.__tablename__, **words}).all()
    rows = [row for row in found if row.lower_bound is not None]
    return rows, found[0].partitions - (rows[0].notes if rows else 0)


@cache
def _notes() -> Select[*tuple[Any, ...]]:
    note = ArchiveRange
    before = func.lag(note.upper_bound).over(order_by=note.lower_bound)
    after = func.lead(note.lower_bound).over(order_by=note.lower_bound)
    notes = (
        select(
            note.lower_bound,
            note.upper_bound,
            note.least_pandaid,
            note.greatest_pandaid,
            before.label("before"),
            after.label("after"),
            func.count().over().label("notes"),
        )
        .where(note.table_name == bindparam("name"))
        .subquery()
    )
    its = notes.c
    least, greatest = (bindparam(name, type_=BigInteger) for name in ("least", "greatest"))
    common = and_(its.least_pandaid <= greatest, its.greatest_pandaid >= least)
    alone = or_(its.before.is_(None), its.before < its.lower_bound, its.after.is_(None))
    partitions = text(PARTITIONS).columns(column("partitions", BigInteger)).subquery("children")
    return select(partitions, notes).outerjoin(notes, or_(common, alone)).order_by("lower_bound")


def _can_have(note: Note, ids: Sequence[int]) -> bool:
    if note.least_pandaid is None:
        return False
    return bisect_left(ids, note.least_pandaid) < bisect_right(ids, note.greatest_pandaid)


def _gaps(noted: Sequence[Note]) -> Iterator[Span]:
    if not noted:
        yield Span(None, None)
    for note in noted:
        if note.before is None or note.before < note.lower_bound:
            yield Span(note.before, note.lower_bound)
        if note.after is None:
            yield Span(note.upper_bound, None)


def _growing(spans: Sequence[Span]) -> Iterator[list[Span]]:
    size = 1
    while spans:
        yield [*spans[:size]]
        spans, size = spans[size:], min(2 * size, GROUP)


def _tiles(session: Session, table: type[Base], gaps: Sequence[Span]) -> Iterator[list[Span]]:
    """Cut times at the ends of partitions; what is between these is in the DEFAULT one."""
    name = str(table.__table__)
    partitions = existing.partitions(session, [name])[name]
    for gap in gaps:
        inside = [one for one in partitions if _touches(one, gap)]
        ends: list[Any] = [one.upper for one in inside[GROUP - 1 : -1 : GROUP]]
        for lower, upper in pairwise([gap.lower, *ends, gap.upper]):
            yield [Span(lower, upper)]


def _touches(one: Partition, span: Span) -> bool:
    mine: Any = (one.lower, one.upper)
    begins_before = None in (mine[0], span.upper) or mine[0] < span.upper
    return (
        not one.is_default
        and begins_before
        and (None in (mine[1], span.lower) or mine[1] > span.lower)
    )


def forget(session: Session, lower: datetime, upper: datetime) -> None:
    """Take back what is noted of partitions that have times of a range."""
    session.execute(
        delete(ArchiveRange).where(
            ArchiveRange.lower_bound < upper, ArchiveRange.upper_bound > lower
        )
    )


def refresh(session: Session) -> int:
    """Note the PandaIDs of partitions that have no note, forget those that are gone.

    The index of each partition tells. Returns how many were noted.
    """
    there = existing.partitions(session, LIVE_OF)
    note = ArchiveRange
    known = {
        (row.table_name, row.lower_bound, row.upper_bound)
        for row in session.execute(select(note.table_name, note.lower_bound, note.upper_bound))
    }
    found = {
        (table.partition(".")[2], one.lower, one.upper): one
        for table in LIVE_OF
        for one in there[table]
        if isinstance(one.lower, datetime) and isinstance(one.upper, datetime)
    }
    for table_name, lower, _ in known - found.keys():
        session.execute(delete(note).filter_by(table_name=table_name, lower_bound=lower))
    new = [key for key in found if key not in known]
    for table_name, lower, upper in new:
        least, greatest = _extremes(session, found[table_name, lower, upper])
        values = (table_name, lower, upper, least, greatest)
        names = ("table_name", "lower_bound", "upper_bound", "least_pandaid", "greatest_pandaid")
        session.execute(insert(note).values(dict(zip(names, values, strict=True))))
    return len(new)


def _extremes(session: Session, one: Partition) -> tuple[int | None, int | None]:
    query = sql.SQL(EXTREMES).format(partition=sql.Identifier(one.schema, one.name))
    with released(session) as connection:
        least, greatest = connection.exec_driver_sql(query.as_string()).one()
    return least, greatest
