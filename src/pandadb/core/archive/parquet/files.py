"""Parquet files: written so that they last, and read back into the database that proves them."""

from __future__ import annotations

import glob
import hashlib
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from pandadb.core.archive.checksums import Fingerprint, fingerprint_of
from pandadb.core.archive.parquet import values
from pandadb.core.archive.parquet.labels import labelled
from pandadb.core.archive.parquet.libraries import library
from pandadb.core.sql.psycopg_connection import driving
from pandadb.core.sql.table_columns import columns, named, writable
from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path
    from typing import LiteralString

    from sqlalchemy.orm import Session

    from pandadb.core.archive.parquet.labels import Label

GROUP = 64 * 2**20
"""Bytes of a row group in memory: what is written, and read, at once."""
LINES, BYTES = 10_000, 4 * 2**20
"""Rows, and about how much of them, that are sent back to the database at once."""
READ_BACK = sql.Identifier("pg_temp", "read_back")
CREATE_READ_BACK = "CREATE TEMPORARY TABLE read_back ({columns}) ON COMMIT DROP"
MADE_LIKE = "CREATE TEMPORARY TABLE read_back (LIKE {table}) ON COMMIT DROP"
IS_TYPE = text("SELECT to_regtype(:type) IS NOT NULL")
KEY = ("row_id", "pandaid", "modificationtime")
"""What identifies a row, as far as its table has it."""
COUNT_MISSING = "SELECT count(*) FROM read_parquet(?) ANTI JOIN read_parquet(?) USING ({keys})"
DUCKDB_SETTINGS = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
"""What DuckDB needs is built in: nothing is fetched from anywhere."""
COPY_IN = "COPY {table} ({columns}) FROM STDIN"
COPY_FREEZE = f"{COPY_IN} (FREEZE)"
IS_AMONG = """
SELECT DISTINCT pandaid FROM read_parquet($file) WHERE pandaid BETWEEN $least AND $greatest
   AND pandaid IN (SELECT unnest(CAST($pandaids AS BIGINT[])))
 ORDER BY 1
"""
"""The limits let DuckDB leave out row groups of other jobs."""


class UnreadableFile(PandaDBError):
    """A file that cannot be read back into a table, whatever it is."""


@dataclass(frozen=True)
class Content:
    """What the rows of a file are, as they are read."""

    fingerprint: Fingerprint
    pandaids: tuple[int, int] | None
    """The least and the greatest; None if no row has one."""
    times: tuple[int, int] | None
    """The first and the last modificationtime, in microseconds since 1970."""


def write(path: Path, label: Label, batches: Iterable[Any]) -> None:
    """Write record batches into a new file with a label, and have the disk keep it."""
    parquet, arrow = library("pyarrow.parquet"), library("pyarrow")
    schema = labelled(values.schema(label.columns), label)
    with path.open("xb") as file:
        with parquet.ParquetWriter(
            file, schema, compression="zstd", write_page_checksum=True
        ) as writer:
            group: list[Any] = []
            size = 0
            for batch in batches:
                group.append(batch)
                size += batch.nbytes
                if size >= GROUP:
                    writer.write_table(arrow.Table.from_batches(group))
                    group, size = [], 0
            if group:
                writer.write_table(arrow.Table.from_batches(group))
        file.flush()
        os.fsync(file.fileno())


def content(session: Session, label: Label, path: Path) -> Content:
    """Return what the rows of a file are, which says that it has this label.

    They are copied back into the database, row group by row group, so that neither memory nor disk
    has to hold them all.

    Raises:
        UnreadableFile: It is no such file, or its rows do not fit into its columns.
    """
    names = [column.name for column in label.columns]
    connection = session.connection()
    connection.exec_driver_sql(_made(session, label).as_string())
    rows, total = 0, 0
    ranges = {"pandaid": _Range(), "modificationtime": _Range()}
    with _row_groups(label, path) as groups:
        for group in groups:
            for name in ranges.keys() & {*names}:
                ranges[name].widen(group.column(name))
            _copy(session, COPY_IN, READ_BACK, group)
            back = fingerprint_of(session, names, READ_BACK)
            rows, total = rows + back.rows, total + back.sum
            connection.exec_driver_sql("TRUNCATE pg_temp.read_back")
    connection.exec_driver_sql("DROP TABLE pg_temp.read_back")
    return Content(Fingerprint(rows, total), *(found.ends for found in ranges.values()))


def load(
    session: Session,
    label: Label,
    path: Path,
    table: sql.Identifier,
    before: Callable[[int], None] = lambda _: None,
) -> None:
    """Copy the rows of a file into a table that this transaction has made; count them afterwards.

    `before` is called before each row group, with the number of rows that the table has by then.
    Generated columns are not written.

    Raises:
        UnreadableFile: It is no such file, or its rows do not fit into the table.
    """
    theirs = {*writable(session, table)}
    names = [column.name for column in label.columns if column.name in theirs]
    rows = 0
    with _row_groups(label, path) as groups:
        for group in groups:
            before(rows)
            _copy(session, COPY_FREEZE, table, group.select(names))
            rows += group.num_rows


@contextmanager
def _row_groups(label: Label, path: Path) -> Iterator[Iterator[Any]]:
    """Open a file that says that it has this label; yield its row groups, one in memory at a time.

    Raises:
        UnreadableFile: It is no such file, or its rows do not fit where they are written to.
    """
    try:
        with library("pyarrow.parquet").ParquetFile(path, page_checksum_verification=True) as file:
            if not file.schema_arrow.equals(values.schema(label.columns)):
                raise UnreadableFile(f"the file {path.name} has other columns than it says")
            yield (file.read_row_group(number) for number in range(file.num_row_groups))
    except (OSError, library("pyarrow").ArrowException) as error:
        raise UnreadableFile(f"the file {path.name} cannot be read: {error}") from None
    except (DataError, IntegrityError) as error:
        raise UnreadableFile(f"the file {path.name} does not fit into its columns: {error.orig}"
                             ) from None  # fmt: skip


class _Range:
    """The least and the greatest number that columns have."""

    def __init__(self) -> None:
        self.ends: tuple[int, int] | None = None

    def widen(self, column: Any) -> None:
        numbers = library("pyarrow.compute").min_max(column.cast(library("pyarrow").int64()))
        least, greatest = numbers["min"].as_py(), numbers["max"].as_py()
        if least is not None:
            known = self.ends or (least, greatest)
            self.ends = min(known[0], least), max(known[1], greatest)


def _made(session: Session, label: Label) -> sql.Composed:
    """Return what makes a table with the columns of a file.

    The archive's own table may have others since: then they are made of their types.
    """
    table = named(session, label.table)
    if columns(session, table) == label.columns:
        return sql.SQL(MADE_LIKE).format(table=table)
    for column in label.columns:
        if not _is_type(session, column.type):
            raise UnreadableFile(f"its column {column.name} is of a type that this database has "
                                 f"not: {column.type!r}")  # fmt: skip
    made = (
        sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(column.type))
        for column in label.columns
    )
    return sql.SQL(CREATE_READ_BACK).format(columns=sql.SQL(", ").join(made))


def _is_type(session: Session, said: str) -> bool:
    """Tell whether a text is a type, and nothing else that could be run."""
    try:
        with session.begin_nested():
            return bool(session.scalar(IS_TYPE, {"type": said}))
    except DBAPIError:
        return False


def _copy(session: Session, template: LiteralString, table: sql.Identifier, group: Any) -> None:
    listed = sql.SQL(", ").join(map(sql.Identifier, group.column_names))
    statement = sql.SQL(template).format(table=table, columns=listed)
    with driving(session, statement) as driver, driver.cursor().copy(statement) as copy:
        for batch in group.to_batches(max_chunksize=_at_once(group)):
            copy.write(values.lines(batch))


def _at_once(group: Any) -> int:
    """Return how many rows of a group are sent at once: by their number, and by their size."""
    rows, size = int(group.num_rows), int(group.nbytes)
    return max(1, min(LINES, BYTES * rows // max(1, size)))


def pandaids(path: Path) -> tuple[int, int] | None:
    """Return the least and the greatest PandaID of a file; None if no row has one."""
    found = _Range()
    with library("pyarrow.parquet").ParquetFile(path) as file:
        for batch in file.iter_batches(columns=["pandaid"]):
            found.widen(batch.column(0))
    return found.ends


def lacking(old: Path, new: Path) -> int | None:
    """Return how many rows of a file another one has not, by their keys; None if it is broken."""
    duckdb, arrow = library("duckdb"), library("pyarrow")
    try:
        names = [name for name in KEY if name in library("pyarrow.parquet").read_schema(old).names]
        query = COUNT_MISSING.format(keys=", ".join(names))
        words = [glob.escape(str(path)) for path in (old, new)]
        with duckdb.connect(config=DUCKDB_SETTINGS) as duck:
            found: int = duck.execute(query, words).fetchone()[0]
    except (OSError, arrow.ArrowException, duckdb.Error):
        return None
    return found


def among(path: Path, pandaids: Collection[int]) -> list[int]:
    """Return those of the PandaIDs that a file has rows of, in order.

    Raises:
        UnreadableFile: DuckDB cannot read it.
    """
    if not pandaids:
        return []
    duckdb = library("duckdb")
    ids: dict[str, Any] = {"least": min(pandaids), "greatest": max(pandaids)}
    words = {"file": glob.escape(str(path)), "pandaids": [*pandaids], **ids}
    try:
        with duckdb.connect(config=DUCKDB_SETTINGS) as duck:
            return [pandaid for (pandaid,) in duck.execute(IS_AMONG, words).fetchall()]
    except duckdb.Error as error:
        raise UnreadableFile(f"the file {path.name} cannot be read: {error}") from None


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep(folder: Path) -> None:
    """Have the disk keep the names that are in a folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
