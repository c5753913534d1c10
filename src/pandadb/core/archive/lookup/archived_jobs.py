"""Rows of jobs in the archive, however many partitions it has.

No statement locks more than a group of partitions, and none keeps more than a few locks.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import nullcontext
from datetime import datetime, time, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, Text, and_, cast, column, func, literal, not_, select

from pandadb.core.archive.lookup.pandaid_index import GROUP, everywhere, likely, unnoted
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.spool import in_batches
from pandadb.core.sql.time_range import TimeRange, released, within
from pandadb.core.sql.transaction import connection_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from sqlalchemy import ColumnElement, Row, Select

    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import ArchiveTable

Rows = list["Row[*tuple[Any, ...]]"]
DAY = timedelta(1)
FIRST, LAST = datetime(1, 1, 1), datetime(9999, 12, 31)


def search(
    session: Transaction,
    table: ArchiveTable,
    pandaids: Collection[int],
    query: Select[*tuple[Any, ...]],
    elsewhere: Collection[int] = (),
) -> Rows:
    """Return the rows of jobs in a table of the archive; the query has to select the `pandaid`.

    It ends when each job has been found. A job that is not in its likely partitions is searched in
    all partitions, unless it is known to be `elsewhere`.
    """
    found: Rows = []
    missing = {*pandaids}

    def look(spans: Sequence[TimeRange], wanted: Collection[int], few: bool = False) -> None:
        here = is_among(table.pandaid, wanted), within(table.modificationtime, spans)
        with nullcontext(connection_of(session)) if few else released(session) as lent:
            rows = lent.execute(query.where(*here)).all()
        found.extend(rows)
        missing.difference_update(row.pandaid for row in rows)

    for place in likely(session, table, pandaids):
        if wanted := missing & place.pandaids:
            look(place.spans, wanted, place.few)
        if not missing:
            return found
    missing.difference_update(elsewhere)
    for spans in everywhere(session, table) if missing else ():
        look(spans, missing)
        if not missing:
            break
    return found


def at(
    session: Transaction,
    table: ArchiveTable,
    pandaid: int,
    moment: datetime,
    query: Select[*tuple[Any, ...]],
) -> Rows:
    """Return the rows of a job in the archive's partition of the day of a moment."""
    day = within(table.modificationtime, [day_of(moment)])
    return [*connection_of(session).execute(query.where(table.pandaid == pandaid, day))]


def day_of(moment: datetime) -> TimeRange:
    """Return the day of a moment; the first and the last one are for ever, with infinity."""
    midnight = datetime.combine(moment.date(), time())
    return TimeRange(
        midnight if midnight > FIRST else None, midnight + DAY if midnight < LAST else None
    )


def groups(session: Transaction, table: ArchiveTable, found: Rows) -> list[ColumnElement[bool]]:
    """Return conditions that select the found rows, and all rows of times without a note.

    Each is for one statement, and no row matches two of them. Rows that came to the archive since
    the search have no note. The rows have `pandaid` and `modificationtime`.
    """
    jobs: dict[TimeRange, list[int]] = defaultdict(list)
    for row in found:
        jobs[day_of(row.modificationtime)].append(row.pandaid)
    days = [*in_batches(sorted(jobs), GROUP)]
    when, new = table.modificationtime, unnoted(session, table)
    if len(days) < 2 and len(new) == 1:
        return [within(when, [*new[0], *jobs])]
    conditions = [within(when, spans) for spans in new]
    for spans in days:
        ids = chain.from_iterable(jobs[span] for span in spans)
        noted = not_(within(when, chain(*new)))
        conditions.append(and_(within(when, spans), is_among(table.pandaid, ids), noted))
    return conditions


def gathered(
    session: Transaction, part: Select[*tuple[Any, ...]], conditions: Sequence[ColumnElement[bool]]
) -> Select[*tuple[Any, ...]]:
    """Return a query for the rows of a part of a union that match one of the conditions.

    A single condition is added to the part. The rows of several are fetched now, one statement for
    each, and sent back as JSON, so that the server can order all of them.
    """
    if len(conditions) == 1:
        return part.where(*conditions)
    texts = [*_as_json(session, part, conditions)]
    together = f"[{','.join(text[1:-1] for text in texts)}]"
    rows = (
        func.json_to_recordset(cast(literal(together, Text), JSON))
        .table_valued(*(column(c.name, c.type) for c in part.selected_columns), name="gathered")
        .render_derived(with_types=True)
    )
    return select(*rows.c)


def _as_json(
    session: Transaction, part: Select[*tuple[Any, ...]], conditions: Iterable[ColumnElement[bool]]
) -> Iterator[str]:
    for condition in conditions:
        rows = part.where(condition).subquery("part")
        query = select(cast(func.json_agg(func.row_to_json(rows.table_valued())), Text))
        with released(session) as connection:
            if text := connection.scalar(query):
                yield text
