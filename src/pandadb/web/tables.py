"""Tables of pages: the same rows as HTML, CSV and JSON."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

Row = Mapping[str, Any]
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", *"\uff1d\uff0b\uff0d\uff20")
"""First characters of texts that spreadsheets take for a formula; the last four are wide ones."""


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    """Key of its values in the rows; in CSV and JSON, too."""
    title: str
    kind: Literal["text", "number", "time", "state", "code"] = "text"
    address: Callable[[Row], str | None] | None = None
    """Address that a value links to."""


@dataclass(frozen=True)
class Table:
    """A page of rows with its columns."""

    name: str
    """Its caption; the name of the file, too."""
    columns: Sequence[Column]
    rows: Sequence[Row]
    next: str | None = None
    """Cursor of the next page; None on the last one."""
    empty: str = "There are no rows."
    """Sentence instead of the rows; it suggests the next action."""

    @property
    def key(self) -> str:
        """Return the name as a part of addresses and names of files."""
        return "".join(letter if letter.isalnum() else "_" for letter in self.name.lower())


def path_to(section: str, name: str | None) -> str | None:
    """Return the address of the page of a name in a section; None for NULL."""
    return None if name is None else f"{section}/{quote(name)}"


def rows_of(objects: Iterable[Any]) -> list[Row]:
    """Return dataclasses as rows."""
    return [asdict(one) for one in objects]


def as_csv(table: Table) -> Iterator[str]:
    """Yield the lines of a table as CSV; texts that look like formulas begin with an apostrophe."""
    line = io.StringIO()
    writer = csv.writer(line)
    for row in (
        [column.name for column in table.columns],
        *([_plain(row.get(column.name)) for column in table.columns] for row in table.rows),
    ):
        writer.writerow(row)
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def as_object(table: Table) -> dict[str, Any]:
    """Return the rows of a table by names of columns, and the cursor of the next page, for JSON."""
    names = [column.name for column in table.columns]
    return {"rows": [{name: row.get(name) for name in names} for row in table.rows],
            "next": table.next}  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value
