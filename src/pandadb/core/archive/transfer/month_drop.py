"""A month that leaves the database: its partitions, locked, counted and dropped."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from pandadb.core.archive import proofs
from pandadb.core.archive.checksums import Fingerprint, fingerprint_of
from pandadb.core.archive.layout import ARCHIVED_JOBS, LIVE_OF, part_of
from pandadb.core.archive.months import rows_of
from pandadb.core.partitions import catalog
from pandadb.core.sql.table_columns import columns, named

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Part
    from pandadb.core.archive.months import Month
    from pandadb.core.partitions.catalog import Partition
    from pandadb.core.sql.time_range import TimeRange

TABLES = tuple(LIVE_OF)
STILL = "LOCK TABLE ONLY {table} IN SHARE UPDATE EXCLUSIVE MODE"
UNWRITTEN = "LOCK TABLE {partitions} IN SHARE MODE"
ALONE = "LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE"
DROPPED = "DROP TABLE {partitions}"
HELD = "SELECT DISTINCT jeditaskid FROM {rows} AND jeditaskid = ANY({tasks}) ORDER BY 1"


@dataclass(frozen=True)
class Leaving:
    """The partitions of a month in the archive's tables."""

    parts: list[Part]
    """Those that have no other times, on their way out."""
    beyond: list[tuple[str, Partition]]
    """Those that have others too, with their tables; the DEFAULT ones are among them."""


def leaving(session: Session, month: Month, tables: Collection[str] = TABLES) -> Leaving:
    """Lock the partitions of a month against writers, and the tables against new ones.

    It waits for somebody who writes as long as the session's lock_timeout is; readers go on.
    """
    for table in tables:
        _run(session, STILL, table=named(session, table))
    there = catalog.partitions(session, tables)
    found = Leaving(
        [part_of(table, one) for table in tables for one in there[table] if month.has(one)],
        [(table, one) for table in tables for one in there[table] if _is_beyond(month, one)],
    )
    if found.parts:
        _run(session, UNWRITTEN, partitions=_listed(found.parts))
    return found


def _is_beyond(month: Month, one: Partition) -> bool:
    return one.is_default or (one.overlaps(month.lower, month.upper) and not month.has(one))


@dataclass(frozen=True)
class Counted:
    """What a month has now."""

    parts: dict[Part, Fingerprint]
    beyond: dict[str, int]
    """Rows of the month in each partition that stays; those without any are left out."""
    tables: dict[str, Fingerprint]
    """All rows of the month, wherever they are."""


def count(session: Session, month: Month, going: Leaving) -> Counted:
    """Count the rows of a month, partition by partition, over all columns."""
    names = {
        table: [column.name for column in columns(session, named(session, table))]
        for table in LIVE_OF
    }
    rows: dict[str, int] = defaultdict(int)
    sums: dict[str, int] = defaultdict(int)
    parts = {}
    for part in going.parts:
        place = sql.Identifier(part.schema, part.name)
        parts[part] = found = fingerprint_of(session, names[part.source], place)
        rows[part.source] += found.rows
        sums[part.source] += found.sum
    beyond = {}
    for table, one in going.beyond:
        place = sql.Identifier(one.schema, one.name)
        within = sql.SQL("{} WHERE {}").format(place, month.condition())
        found = fingerprint_of(session, names[table], within)
        rows[table] += found.rows
        sums[table] += found.sum
        if found.rows:
            beyond[one.name] = found.rows
    return Counted(parts, beyond, {table: Fingerprint(rows[table], sums[table]) for table in names})


def held_tasks(session: Session, times: TimeRange, books: Session | None = None) -> list[int]:
    """Return the tasks that are held, by these books, and have jobs in the archive of some time."""
    holds = sorted(proofs.held(books or session))
    rows = rows_of(session, ARCHIVED_JOBS, times)
    query = sql.SQL(HELD).format(rows=rows, tasks=sql.Literal(holds)).as_string()
    return [*session.connection().exec_driver_sql(query).scalars()] if holds else []


def drop(session: Session, going: Leaving) -> None:
    """Drop partitions, with their tables locked for it alone, always in the same order."""
    for table in dict.fromkeys(part.source for part in going.parts):
        _run(session, ALONE, table=named(session, table))
    _run(session, DROPPED, partitions=_listed(going.parts))


def _listed(parts: list[Part]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(part.schema, part.name) for part in parts)


def _run(session: Session, template: str, **names: sql.Composable) -> None:
    session.connection().exec_driver_sql(sql.SQL(template).format(**names).as_string())
