"""Values on their way from PostgreSQL into Parquet, and back: types, batches of rows, COPY's text.

What Parquet has no type for goes as the text that PostgreSQL writes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from psycopg import sql

from pandadb.core.driver import driving
from pandadb.core.parquet.libraries import library
from pandadb.core.parquet.times import FIRST, LAST, Microseconds, written
from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.orm import Session

    from pandadb.core.columns import Column

INTEGERS = {"smallint": "int16", "integer": "int32", "bigint": "int64"}
NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")
DIGITS = 38
"""As many as Parquet's decimals can have."""
TIMESTAMP = re.compile(r"timestamp(\(\d\))? without time zone")
TEXTS = ("text", "character varying", "character", "bpchar")

FETCHED = 1000
"""Rows that are in memory as Python has them."""
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
    return arrow.string()


def batches(
    session: Session, table: str, columns: Sequence[Column], rows: sql.Composable
) -> Iterator[Any]:
    """Yield rows as Arrow's record batches, through a cursor of the server.

    `rows` is what follows FROM.

    Raises:
        OddValue: Parquet cannot have a value.
    """
    wanted = schema(columns)
    selected = [_selected(column, wanted.field(column.name).type) for column in columns]
    query = sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(selected), rows)
    with (
        driving(session, query) as driver,
        driver.cursor("pandadb_parquet", binary=True) as cursor,
    ):
        cursor.adapters.register_loader("timestamp", Microseconds)
        cursor.execute(query)
        while found := cursor.fetchmany(FETCHED):
            values = zip(wanted, zip(*found, strict=True), strict=True)
            arrays = [_array(table, field, each) for field, each in values]
            yield library("pyarrow").record_batch(arrays, schema=wanted)


def _selected(column: Column, kind: Any) -> sql.Composable:
    name = sql.Identifier(column.name)
    if kind != library("pyarrow").string() or column.type.partition("(")[0] in TEXTS:
        return name
    return sql.SQL("{}::text").format(name)


def _array(table: str, field: Any, values: Sequence[Any]) -> Any:
    arrow = library("pyarrow")
    try:
        if arrow.types.is_timestamp(field.type):
            return arrow.array(values, arrow.int64()).cast(field.type)
        return arrow.array(values, field.type)
    except (arrow.ArrowException, OverflowError, ValueError) as error:
        raise OddValue(
            f"{table}.{field.name} has a value that Parquet cannot have: {error}"
        ) from error


def lines(batch: Any) -> bytes:
    """Return a record batch as COPY reads it: a line for each row."""
    columns = [_written(column) for column in batch.columns]
    joined = library("pyarrow.compute").binary_join_element_wise(*columns, "\t")
    return "".join(f"{line}\n" for line in joined.to_pylist()).encode()


def _written(column: Any) -> Any:
    arrow, compute = library("pyarrow"), library("pyarrow.compute")
    if arrow.types.is_timestamp(column.type) and _is_far(column):
        numbers = column.cast(arrow.int64()).to_pylist()
        texts = arrow.array([None if n is None else written(n) for n in numbers], arrow.string())
    elif arrow.types.is_string(column.type):
        texts = column
        for plain, escaped in ESCAPES:
            texts = compute.replace_substring(texts, plain, escaped)
    else:
        texts = column.cast(arrow.string())
    return compute.fill_null(texts, "\\N")


def _is_far(times: Any) -> bool:
    arrow = library("pyarrow")
    numbers = library("pyarrow.compute").min_max(times.cast(arrow.int64())).as_py()
    return numbers["min"] is not None and not FIRST <= numbers["min"] <= numbers["max"] <= LAST
