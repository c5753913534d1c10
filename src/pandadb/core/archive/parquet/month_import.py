"""Files of an exported month on their way back: which partition they become, and what is there.

A table is made beside the archive's and filled; nobody sees it before it is attached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from pandadb.core.archive.checksums import fingerprint_of
from pandadb.core.archive.layout import ARCHIVED_JOBS, LIVE_OF
from pandadb.core.archive.lookup.pandaid_index import everywhere
from pandadb.core.archive.months import rows_of
from pandadb.core.archive.parquet import files
from pandadb.core.archive.parquet.files import UnreadableFile
from pandadb.core.archive.transfer import month_partitions, staging
from pandadb.core.partitions import catalog
from pandadb.core.sql.table_columns import column_names, named
from pandadb.core.sql.time_range import released, within
from pandadb.models import Base, JobsArchived
from pandadb.models.jobs.all_tables import UNARCHIVED_TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from pandadb.core.archive.checksums import Fingerprint
    from pandadb.core.archive.layout import Part
    from pandadb.core.archive.months import Month
    from pandadb.core.archive.parquet.manifests import Filed, Manifest
    from pandadb.core.sql.table_columns import Column

MISSING_COLUMN = (
    "{table} lacks the column {name}, which the file has: ALTER TABLE {table} ADD {name} {type}"
)
BATCH = 100_000
"""PandaIDs that a file is asked for at once."""


def lacking(session: Session, table: Filed) -> str | None:
    """Say which column of a file the archive's table has not, and how it is added."""
    has = {*column_names(session, named(session, table.table))}
    absent = (column for column in table.columns if column.name not in has)
    return next((_lacking(table.table, column) for column in absent), None)


def _lacking(table: str, column: Column) -> str:
    return MISSING_COLUMN.format(table=table, name=column.name, type=column.type)


def present(session: Session, table: Filed, month: Month) -> Fingerprint:
    """Count what the archive's table has of a month, over the columns of the file; it has all."""
    names = [column.name for column in table.columns]
    return fingerprint_of(session, names, rows_of(session, table.table, month))


def obstacle(session: Session, table: Filed, month: Month) -> str | None:
    """Say what has the place of the partition that a file becomes, or its name."""
    there = catalog.partitions(session, [table.table])[table.table]
    ours = [one.name for one in there if month.has(one)]
    for one in there:
        if one.overlaps(month.lower, month.upper) and one.name not in ours:
            return f"{one.name} has its place, and other times too"
    whole = month_partitions.whole(session, table.table, month)
    is_taken = whole.new_name not in ours and staging.is_name_taken(session, whole)
    return f"there is a table {whole.new_name}" if is_taken else None


def fill(
    session: Session,
    part: Part,
    manifest: Manifest,
    table: Filed,
    folder: Path,
    *,
    before: Callable[[int], None],
) -> Fingerprint:
    """Make the partition's table with the rows of a file; return its fingerprint.

    That is over all columns that the archive has now: those that the file lacks have their
    defaults. `before` is called before each row group, with the number of rows until then.

    Raises:
        UnreadableFile: The rows are not those that were exported.
    """
    place = staging.create(session, part)
    files.load(session, manifest.label(table), folder / table.file, place, before)
    names = [column.name for column in table.columns]
    found = staging.count(session, part, names)
    if found != table.fingerprint:
        raise UnreadableFile(
            f"the rows of the file {table.file} are not those of its manifest: {found.rows} rows "
            f"with a sum of {found.sum}, not {table.rows} with {table.sum}"
        )
    staging.build(session, part)
    now = column_names(session, place)
    return found if {*now} == {*names} else staging.count(session, part, now)


def doubles(
    session: Session, table: Filed, month: Month, folder: Path, *, live: bool = True
) -> tuple[str, list[int]] | None:
    """Return jobs of a file that a database has already, and in which table; None if it has none.

    Jobs are looked for in all tables of jobs, whatever their time; what belongs to them among the
    rows of the month in the live table. If this is not `live`, it is looked for in the archive's
    table instead, and jobs are not.

    Raises:
        UnreadableFile: The file cannot be read.
    """
    if table.pandaids is None or (table.table == ARCHIVED_JOBS and not live):
        return None
    if table.table == ARCHIVED_JOBS:
        where = _jobs(session, *table.pandaids)
    else:
        where = _rows(session, LIVE_OF[table.table] if live else table.table, month, table.pandaids)
    for name, pandaids in where:
        if found := files.among(folder / table.file, pandaids):
            return name, found
    return None


def _jobs(session: Session, least: int, greatest: int) -> Iterator[tuple[str, list[int]]]:
    """Yield the PandaIDs of a range that each table of jobs has, as many at once as may be."""
    for job in UNARCHIVED_TABLES:
        query = select(job.pandaid).where(job.pandaid.between(least, greatest))
        yield from _batches(session, str(job.__table__), query)
    archived = JobsArchived
    for spans in everywhere(session, archived):
        query = select(archived.pandaid).where(
            archived.pandaid.between(least, greatest), within(archived.modificationtime, spans)
        )
        yield from _batches(session, ARCHIVED_JOBS, query)


def _rows(
    session: Session, name: str, month: Month, pandaids: tuple[int, int]
) -> Iterator[tuple[str, list[int]]]:
    column = Base.metadata.tables[name].c
    when = within(column.modificationtime, [month])
    query = select(column.pandaid).where(when, column.pandaid.between(*pandaids)).distinct()
    yield from _batches(session, name, query)


def _batches(session: Session, name: str, query: Select[int]) -> Iterator[tuple[str, list[int]]]:
    with released(session) as connection:
        found = connection.execute(query, execution_options={"yield_per": BATCH})
        for batch in found.scalars().partitions():
            yield name, [*batch]
