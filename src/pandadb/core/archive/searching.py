"""Rows of jobs in the archive, however many partitions it has.

No statement locks more than a group of partitions, and none but the first keeps its locks: that
most often finds the job, and to give them back would take as long again.
"""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, Text, cast, column, func, literal, select

from pandadb.core.archive.peeking import Span, released, within
from pandadb.core.archive.ranges import GROUP, everywhere, likely, unnoted
from pandadb.core.arrays import is_among
from pandadb.core.spool import in_batches

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from sqlalchemy import Row, Select
    from sqlalchemy.orm import Session

    from pandadb.models import FilesTableArch, JobParamsTableArch, JobsArchived, MetaTableArch

    Archive = type[JobsArchived | FilesTableArch | JobParamsTableArch | MetaTableArch]

Rows = list["Row[*tuple[Any, ...]]"]
DAY = timedelta(1)
LAST = datetime(9999, 12, 31)


def search(
    session: Session,
    table: Archive,
    pandaids: Collection[int],
    query: Select[*tuple[Any, ...]],
    elsewhere: Collection[int] = (),
) -> Rows:
    """Return the rows of jobs in a table of the archive; the query has to select the `pandaid`.

    It ends when each job has been found. One that is not found where it is likely to be is looked
    for in all partitions, unless it is known to be `elsewhere`.
    """
    found: Rows = []
    missing = {*pandaids}
    connection = session.connection()
    session.flush()

    def look(spans: Sequence[Span]) -> None:
        of_them, times = is_among(table.pandaid, missing), within(table.modificationtime, spans)
        rows = connection.execute(query.where(of_them, times)).all()
        found.extend(rows)
        missing.difference_update(row.pandaid for row in rows)

    for number, spans in enumerate(likely(session, table, pandaids)):
        with released(session) if number else nullcontext():
            look(spans)
        if not missing:
            return found
    missing.difference_update(elsewhere)
    for spans in everywhere(session, table) if missing else ():
        with released(session):
            look(spans)
        if not missing:
            break
    return found


def at(
    session: Session,
    table: Archive,
    pandaid: int,
    moment: datetime,
    query: Select[*tuple[Any, ...]],
) -> Rows:
    """Return the rows of a job in the archive's partition of the day of a moment."""
    day = within(table.modificationtime, [_day(moment)])
    return [*session.execute(query.where(table.pandaid == pandaid, day))]


def _day(moment: datetime) -> Span:
    midnight = datetime.combine(moment.date(), time())
    return Span(midnight, midnight + DAY if midnight < LAST else None)


def groups(session: Session, table: Archive, times: Iterable[datetime]) -> list[list[Span]]:
    """Return the days of times, and what is not noted yet, as groups for one statement each.

    What has come to the archive since it was looked for is not noted.
    """
    spans = sorted({_day(moment) for moment in times})
    first, *others = unnoted(session, table)
    more = [*in_batches(spans, GROUP)]
    if len(more) < 2 and not others:
        return [first + spans]
    return [first, *others, *more]


def gathered(
    session: Session, part: Select[*tuple[Any, ...]], table: Archive, spans: list[list[Span]]
) -> Select[*tuple[Any, ...]]:
    """Return what selects the rows of a part of a union from some groups of partitions.

    The rows of one group are left to the union. Those of several are fetched now, each group by
    its own statement, and sent back as JSON, so that the server can order all of them.
    """
    if len(spans) == 1:
        return part.where(within(table.modificationtime, spans[0]))
    texts = [*_as_json(session, part, table, spans)]
    together = f"[{','.join(text[1:-1] for text in texts)}]"
    rows = (
        func.json_to_recordset(cast(literal(together, Text), JSON))
        .table_valued(*(column(c.name, c.type) for c in part.selected_columns), name="gathered")
        .render_derived(with_types=True)
    )
    return select(*rows.c)


def _as_json(
    session: Session, part: Select[*tuple[Any, ...]], table: Archive, spans: list[list[Span]]
) -> Iterator[str]:
    for group in spans:
        rows = part.where(within(table.modificationtime, group)).subquery("part")
        query = select(cast(func.json_agg(func.row_to_json(rows.table_valued())), Text))
        with released(session) as connection:
            if text := connection.scalar(query):
                yield text
