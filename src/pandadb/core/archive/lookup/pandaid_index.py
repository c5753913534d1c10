"""An index of the archive's partitions by PandaID: a note of the range that each one has.

The notes are hints. A partition without one can have any job, and rows that came after the note was
made are found by a search of all partitions.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from psycopg import sql
from sqlalchemy import BigInteger, and_, bindparam, column, delete, func, insert, or_, select, text

from pandadb.core.archive.layout import LIVE_OF
from pandadb.core.partitions import catalog
from pandadb.core.sql.spool import in_batches
from pandadb.core.sql.table_columns import named
from pandadb.core.sql.time_range import TimeRange, released
from pandadb.core.sql.transaction import connection_of
from pandadb.models import ArchiveRange

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sqlalchemy import Row, Select

    from pandadb.core.partitions.catalog import Partition
    from pandadb.core.sql.transaction import Transaction
    from pandadb.models import Base

    Note = Row[*tuple[Any, ...]]

GROUP = 16
"""Partitions for one statement: with their indexes some 300 locks of the 6,400 of a server."""
PARTITIONS = """
SELECT count(*) AS partitions FROM pg_inherits WHERE inhparent = to_regclass(:parent)
"""
MIN_AND_MAX = "SELECT {}, min(pandaid), max(pandaid) FROM {partition}"
NOTE = ("table_name", "lower_bound", "upper_bound", "least_pandaid", "greatest_pandaid")


@dataclass(frozen=True)
class LikelyPlace:
    """Some partitions for one statement, and the jobs that they can have."""

    spans: list[TimeRange]
    pandaids: set[int]
    few: bool = False
    """Whether they are so few that they may stay locked, which is faster."""


def likely(
    session: Transaction, table: type[Base], pandaids: Collection[int]
) -> Iterator[LikelyPlace]:
    """Yield the partitions of an archive table that can have jobs, a few at a time.

    These are the partitions with a matching note and those without a note. Most jobs end soon after
    they are created, so the oldest partitions that can have them come first.
    """
    ids = sorted(pandaids)
    if not ids:
        return
    noted, others = _noted(session, table, ids[0], ids[-1])
    there = [LikelyPlace([TimeRange(row.lower_bound, row.upper_bound)], of_it)
             for row in noted if (of_it := _among(ids, row))]  # fmt: skip
    gaps = [*_gaps(noted)]
    if others <= GROUP:
        first = [*gaps, *(span for one in there[:2] for span in one.spans)]
        yield LikelyPlace(first, {*ids}, few=others <= 1)
        yield from _growing(there[2:])
    else:
        yield from _growing(there)
        yield from (LikelyPlace(spans, {*ids}) for spans in _tiles(session, table, gaps))


def everywhere(session: Transaction, table: type[Base]) -> Iterator[list[TimeRange]]:
    """Return all times of a table of the archive, a group of partitions at a time."""
    return _tiles(session, table, [TimeRange(None, None)])


def unnoted(session: Transaction, table: type[Base]) -> list[list[TimeRange]]:
    """Return the times without a note, a group of partitions at a time."""
    noted, others = _noted(session, table, 0, -1)
    gaps = [*_gaps(noted)]
    if others <= GROUP:
        return [gaps]
    return [*_tiles(session, table, gaps)]


def _noted(
    session: Transaction, table: type[Base], least: int, greatest: int
) -> tuple[list[Note], int]:
    """Return notes and the number of partitions without one, the DEFAULT one always among them.

    The notes are those that overlap a range of ids, and those next to a gap.
    """
    parent = named(session, str(table.__table__)).as_string()
    words = {"parent": parent, "least": least, "greatest": greatest}
    found = connection_of(session).execute(_notes(), {"name": table.__tablename__, **words}).all()
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


def _among(ids: Sequence[int], note: Note) -> set[int]:
    """Return the ids, of sorted ones, that a partition can have."""
    if note.least_pandaid is None:
        return set()
    return {*ids[bisect_left(ids, note.least_pandaid) : bisect_right(ids, note.greatest_pandaid)]}


def _gaps(noted: Sequence[Note]) -> Iterator[TimeRange]:
    if not noted:
        yield TimeRange(None, None)
    for note in noted:
        if note.before is None or note.before < note.lower_bound:
            yield TimeRange(note.before, note.lower_bound)
        if note.after is None:
            yield TimeRange(note.upper_bound, None)


def _growing(places: Sequence[LikelyPlace]) -> Iterator[LikelyPlace]:
    size = 4
    while places:
        some, places = places[:size], places[size:]
        ids = {pandaid for one in some for pandaid in one.pandaids}
        yield LikelyPlace([span for one in some for span in one.spans], ids)
        size = min(2 * size, GROUP)


def _tiles(
    session: Transaction, table: type[Base], gaps: Sequence[TimeRange]
) -> Iterator[list[TimeRange]]:
    """Cut times at the bounds of partitions; the times in between are in the DEFAULT one."""
    name = str(table.__table__)
    partitions = catalog.partitions(session, [name])[name]
    for gap in gaps:
        inside = [one for one in partitions if _touches(one, gap)]
        ends: list[Any] = [one.upper for one in inside[GROUP - 1 : -1 : GROUP]]
        for lower, upper in pairwise([gap.lower, *ends, gap.upper]):
            yield [TimeRange(lower, upper)]


def _touches(one: Partition, span: TimeRange) -> bool:
    lower: Any = one.lower
    upper: Any = one.upper
    return not one.is_default and TimeRange(lower, upper).overlaps(span)


def forget(session: Transaction, times: TimeRange) -> None:
    """Delete the notes of partitions that overlap a range of times."""
    lower, upper = ArchiveRange.lower_bound, ArchiveRange.upper_bound
    session.execute(delete(ArchiveRange).where(lower < times.upper, upper > times.lower))


def refresh(session: Transaction) -> int:
    """Note the PandaIDs of partitions that have no note; delete notes of dropped partitions.

    The range comes from the index of each partition. Returns the number of new notes.
    """
    there = catalog.partitions(session, LIVE_OF)
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
    for batch in in_batches(new, GROUP):
        each = zip(batch, _extremes(session, [found[key] for key in batch]), strict=True)
        session.execute(insert(note), [dict(zip(NOTE, (*key, *ids), strict=True))
                                       for key, ids in each])  # fmt: skip
    return len(new)


def _extremes(session: Transaction, partitions: Sequence[Partition]) -> list[tuple[Any, ...]]:
    """Return the least and the greatest PandaID of each partition."""
    each = [
        sql.SQL(MIN_AND_MAX).format(
            sql.Literal(number), partition=sql.Identifier(one.schema, one.name)
        )
        for number, one in enumerate(partitions)
    ]
    query = sql.SQL(" UNION ALL ").join(each).as_string()
    with released(session) as connection:
        found = connection.exec_driver_sql(f"{query} ORDER BY 1").all()
    return [(least, greatest) for _, least, greatest in found]
