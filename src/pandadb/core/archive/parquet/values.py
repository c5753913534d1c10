"""Values on their way from PostgreSQL into Parquet, and back: types, batches of rows, COPY's text.

What Parquet has no type for goes as the text that PostgreSQL writes.
"""

from __future__ import annotations

import re
from itertools import compress
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.adapt import Loader
from psycopg.pq import Format
from typing_extensions import override

from pandadb.core.archive.parquet.epoch import FIRST, LAST, Microseconds, written
from pandadb.core.archive.parquet.libraries import library
from pandadb.core.sql.psycopg_connection import driving
from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from psycopg.abc import Buffer
    from sqlalchemy.orm import Session

    from pandadb.core.sql.table_columns import Column

INTEGERS = {"smallint": "int16", "integer": "int32", "bigint": "int64"}
NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")
DIGITS = 38
"""As many as Parquet's decimals can have."""
TIMESTAMP = re.compile(r"timestamp(\(\d\))? without time zone")
TEXTS = ("text", "character varying", "character", "bpchar")

ROWS, BYTES = 1000, 4 * 2**20
"""How many rows, and how much text, are in memory as Python has them; one row may have more."""
COPY_BINARY = "COPY (SELECT {columns} FROM {rows}) TO STDOUT (FORMAT binary)"
SHOWN = 100
"""Characters of a value that an error shows."""
ESCAPES = (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))
"""What COPY's text writes otherwise, the backslash first."""


class OddValue(PandaDBError):
    """A value that Parquet cannot have."""


def schema(columns: Sequence[Column]) -> Any:
    """Return the Arrow schema of columns."""
    return library("pyarrow").schema([(column.name, _type(column)) for column in columns])


def _type(column: Column) -> Any:
    arrow = library("pyarrow")
    if column.type in INTEGERS:
        return getattr(arrow, INTEGERS[column.type])()
    if TIMESTAMP.fullmatch(column.type):
        return arrow.timestamp("us")
    numeric = NUMERIC.fullmatch(column.type)
    if numeric and int(numeric[2]) <= int(numeric[1]) <= DIGITS:
        return arrow.decimal128(int(numeric[1]), int(numeric[2]))
    return arrow.large_string()


def batches(
    session: Session, table: str, columns: Sequence[Column], rows: sql.Composable
) -> Iterator[Any]:
    """Yield rows as Arrow's record batches, of so many rows or so many bytes.

    COPY sends them one by one, so that no more than these are in memory. `rows` is what follows
    FROM.

    Raises:
        OddValue: Parquet cannot have a value.
    """
    wanted = schema(columns)
    kinds = [(column, field.type) for column, field in zip(columns, wanted, strict=True)]
    selected = sql.SQL(", ").join(_selected(column, kind) for column, kind in kinds)
    query = sql.SQL(COPY_BINARY).format(columns=selected, rows=rows)
    with driving(session, query) as driver, driver.cursor() as cursor:
        cursor.adapters.register_loader("timestamp", Microseconds)
        cursor.adapters.register_loader("text", Undecoded)
        with cursor.copy(query) as copy:
            copy.set_types([_sent(column, kind) for column, kind in kinds])
            for portion in _portions(copy.rows(), [_is_text(kind) for _, kind in kinds]):
                arrays = [_array(table, wanted, place, portion) for place in range(len(wanted))]
                yield library("pyarrow").record_batch(arrays, schema=wanted)


class Undecoded(Loader):
    """Reads a text as its bytes, which are what Arrow has of it, too."""

    format = Format.BINARY

    @override
    def load(self, data: Buffer) -> bytes:
        """Return the bytes, which are UTF-8."""
        return bytes(data)


def _is_text(kind: Any) -> bool:
    return bool(library("pyarrow").types.is_large_string(kind))


def _selected(column: Column, kind: Any) -> sql.Composable:
    name = sql.Identifier(column.name)
    if not _is_text(kind) or column.type.partition("(")[0] in TEXTS:
        return name
    return sql.SQL("{}::text").format(name)


def _sent(column: Column, kind: Any) -> str:
    """Return the type as which a column is read: all texts are sent alike."""
    return "text" if _is_text(kind) else re.split(r"[( ]", column.type)[0]


def _portions(rows: Iterable[Sequence[Any]], texts: Sequence[bool]) -> Iterator[list[Any]]:
    """Yield rows together, as many as may be in memory at once."""
    portion: list[Any] = []
    size = 0
    for row in rows:
        portion.append(row)
        size += sum(map(len, filter(None, compress(row, texts))))
        if len(portion) >= ROWS or size >= BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _array(table: str, schema: Any, place: int, rows: Sequence[Any]) -> Any:
    """Return one of the columns of rows as an array of Arrow."""
    values, field = [row[place] for row in rows], schema.field(place)
    if (array := _converted(values, field.type)) is not None:
        return array
    odd, row = next((value, row) for value, row in zip(values, rows, strict=True)
                    if _converted([value], field.type) is None)  # fmt: skip
    said = written(odd) if library("pyarrow").types.is_timestamp(field.type) else str(odd)[:SHOWN]
    pandaid = schema.get_field_index("pandaid")
    job = f" of job {row[pandaid]}" if pandaid >= 0 else ""
    raise OddValue(
        f"{table}.{field.name}{job} has a value that Parquet cannot have: {said}. Correct it first"
    )


def _converted(values: Sequence[Any], kind: Any) -> Any | None:
    """Return values as an array of Arrow; None if it cannot have one of them."""
    arrow = library("pyarrow")
    try:
        if arrow.types.is_timestamp(kind):
            return arrow.array(values, arrow.int64()).cast(kind)
        return arrow.array(values, kind)
    except (arrow.ArrowException, OverflowError, ValueError):
        return None


def lines(batch: Any) -> memoryview:
    """Return a record batch as COPY reads it: a line for each row."""
    arrow, compute = library("pyarrow"), library("pyarrow.compute")
    between, end, nothing = (arrow.scalar(one, arrow.large_string()) for one in ("\t", "\n", ""))
    columns = [_written(column) for column in batch.columns]
    joined = compute.binary_join_element_wise(*columns, between)
    _, offsets, data = compute.binary_join_element_wise(joined, nothing, end).buffers()
    return memoryview(data)[: memoryview(offsets).cast("b").cast("q")[batch.num_rows]]


def _written(column: Any) -> Any:
    arrow, compute = library("pyarrow"), library("pyarrow.compute")
    if arrow.types.is_timestamp(column.type) and _is_far(column):
        numbers = column.cast(arrow.int64()).to_pylist()
        said = [None if number is None else written(number) for number in numbers]
        texts = arrow.array(said, arrow.large_string())
    elif _is_text(column.type):
        texts = column
        for plain, escaped in ESCAPES:
            texts = compute.replace_substring(texts, plain, escaped)
    else:
        texts = column.cast(arrow.string()).cast(arrow.large_string())
    return compute.fill_null(texts, arrow.scalar("\\N", arrow.large_string()))


def _is_far(times: Any) -> bool:
    arrow = library("pyarrow")
    numbers = library("pyarrow.compute").min_max(times.cast(arrow.int64())).as_py()
    return numbers["min"] is not None and not FIRST <= numbers["min"] <= numbers["max"] <= LAST
