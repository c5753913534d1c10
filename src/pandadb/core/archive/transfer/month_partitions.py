"""The partitions of a month of the archive: locked against writers, and counted."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from pandadb.core.archive.checksums import Fingerprint, fingerprint_of
from pandadb.core.archive.layout import LIVE_OF, Part, part_of
from pandadb.core.archive.transfer import ddl
from pandadb.core.archive.transfer.ddl import LockMode
from pandadb.core.partitions import catalog
from pandadb.core.sql.table_columns import column_names, named
from pandadb.core.sql.transaction import schema_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

    from pandadb.core.archive.months import Month
    from pandadb.core.partitions.catalog import Partition

TABLES = tuple(LIVE_OF)


@dataclass(frozen=True)
class MonthPartitions:
    """The partitions that have rows of a month."""

    parts: list[Part]
    """Those that have no other times."""
    beyond: list[tuple[str, Partition]]
    """Those that have others too, with their tables; the DEFAULT ones are among them."""


def lock(session: Session, month: Month, tables: Collection[str] = TABLES) -> MonthPartitions:
    """Lock the partitions of a month against writers, and their tables against DDL.

    It waits for writers up to the session's lock timeout; readers go on.
    """
    for table in tables:
        ddl.lock(session, LockMode.DDL, named(session, table))
    there = catalog.partitions(session, tables)
    found = MonthPartitions(
        [part_of(table, one) for table in tables for one in there[table] if month.has(one)],
        [(table, one) for table in tables for one in there[table] if _is_beyond(month, one)],
    )
    if found.parts:
        ddl.lock(session, LockMode.WRITERS, *map(ddl.place, found.parts))
    return found


def _is_beyond(month: Month, one: Partition) -> bool:
    return one.is_default or (one.overlaps(month.lower, month.upper) and not month.has(one))


@dataclass(frozen=True)
class MonthCounts:
    """Fingerprints of a month."""

    parts: dict[Part, Fingerprint]
    beyond: dict[str, int]
    """Rows of the month in each partition that has other times; none of those without any."""
    tables: dict[str, Fingerprint]
    """All rows of the month in each table."""


def count(session: Session, month: Month, there: MonthPartitions) -> MonthCounts:
    """Count the rows of a month, partition by partition, over all columns."""
    names = {table: column_names(session, named(session, table)) for table in TABLES}
    tables: dict[str, Fingerprint] = defaultdict(lambda: Fingerprint(0, 0))
    parts, beyond = {}, {}
    for part in there.parts:
        parts[part] = fingerprint_of(session, names[part.source], ddl.place(part))
        tables[part.source] += parts[part]
    for table, one in there.beyond:
        within = sql.SQL("{} WHERE {}").format(ddl.place(one), month.condition())
        found = fingerprint_of(session, names[table], within)
        tables[table] += found
        if found.rows:
            beyond[one.name] = found.rows
    return MonthCounts(parts, beyond, {table: tables[table] for table in names})


def whole(session: Session, table: str, month: Month) -> Part:
    """Return the one partition of a month in a table of the archive, as one on its way there."""
    live = LIVE_OF[table]
    schema, _, name = live.partition(".")
    suffix = f"{month.lower:p%Y_%m}"
    limits = (month.lower, month.upper)
    return Part(*limits, live, table, schema_of(session, schema), f"{name}_{suffix}")
