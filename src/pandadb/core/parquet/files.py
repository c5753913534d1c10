"""Parquet files: written so that they last, and read back into the database that proves them."""

from __future__ import annotations

import glob
import hashlib
import os
from typing import TYPE_CHECKING, Any

from psycopg import sql

from pandadb.core.archive.fingerprints import Fingerprint, fingerprint_of
from pandadb.core.columns import named
from pandadb.core.driver import driving
from pandadb.core.parquet import values
from pandadb.core.parquet.libraries import library

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy.orm import Session

    from pandadb.core.columns import Column

GROUP = 64 * 2**20
"""Bytes of a row group in memory: what is written, and read, at once."""
LINES = 10_000
"""Rows that are sent back to the database at once."""
BACK = sql.Identifier("pg_temp", "read_back")
MADE = "CREATE TEMPORARY TABLE read_back (LIKE {table}) ON COMMIT DROP"
KEY = ("row_id", "pandaid", "modificationtime")
"""What identifies a row, as far as its table has it."""
LACKING = "SELECT count(*) FROM read_parquet(?) ANTI JOIN read_parquet(?) USING ({keys})"
OURS = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
"""What DuckDB needs is built in: nothing is fetched from anywhere."""
COPIED = "COPY {back} ({columns}) FROM STDIN"


def write(path: Path, columns: Sequence[Column], batches: Iterable[Any]) -> None:
    """Write record batches into a new file, and have the disk keep it."""
    parquet, arrow = library("pyarrow.parquet"), library("pyarrow")
    with path.open("xb") as file:
        with parquet.ParquetWriter(
            file, values.schema(columns), compression="zstd", write_page_checksum=True
        ) as writer:
            for group in _groups(batches):
                writer.write_table(arrow.Table.from_batches(group))
        file.flush()
        os.fsync(file.fileno())


def _groups(batches: Iterable[Any]) -> Iterator[list[Any]]:
    group: list[Any] = []
    size = 0
    for batch in batches:
        group.append(batch)
        size += batch.nbytes
        if size >= GROUP:
            yield group
            group, size = [], 0
    if group:
        yield group


def fingerprint_of_file(
    session: Session, table: str, columns: Sequence[Column], path: Path
) -> Fingerprint:
    """Return the fingerprint that the rows of a file have in a table like theirs.

    They are copied back into the database, row group by row group, so that neither memory nor disk
    has to hold them all.
    """
    names = [column.name for column in columns]
    connection = session.connection()
    made = sql.SQL(MADE).format(table=named(session, table))
    connection.exec_driver_sql(made.as_string())
    rows, total = 0, 0
    with library("pyarrow.parquet").ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            _copy(session, names, file.read_row_group(number, columns=names))
            found = fingerprint_of(session, names, BACK)
            rows, total = rows + found.rows, total + found.sum
            connection.exec_driver_sql("TRUNCATE pg_temp.read_back")
    connection.exec_driver_sql("DROP TABLE pg_temp.read_back")
    return Fingerprint(rows, total)


def _copy(session: Session, names: Sequence[str], group: Any) -> None:
    listed = sql.SQL(", ").join(map(sql.Identifier, names))
    statement = sql.SQL(COPIED).format(back=BACK, columns=listed)
    with driving(session, statement) as driver, driver.cursor().copy(statement) as copy:
        for batch in group.combine_chunks().to_batches(max_chunksize=LINES):
            copy.write(values.lines(batch))


def pandaids(path: Path) -> tuple[int, int] | None:
    """Return the least and the greatest PandaID of a file, as its statistics say; None if empty."""
    with library("pyarrow.parquet").ParquetFile(path) as file:
        place = file.schema_arrow.get_field_index("pandaid")
        groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
    found = [group.column(place).statistics for group in groups]
    if not found:
        return None
    return min(one.min for one in found), max(one.max for one in found)


def lacking(old: Path, new: Path) -> int | None:
    """Return how many rows of a file another one has not, by their keys; None if it is broken."""
    duckdb, arrow = library("duckdb"), library("pyarrow")
    try:
        names = [name for name in KEY if name in library("pyarrow.parquet").read_schema(old).names]
        query = LACKING.format(keys=", ".join(names))
        words = [glob.escape(str(path)) for path in (old, new)]
        with duckdb.connect(config=OURS) as duck:
            found: int = duck.execute(query, words).fetchone()[0]
    except (OSError, arrow.ArrowException, duckdb.Error):
        return None
    return found


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
