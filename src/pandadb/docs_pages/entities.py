"""The entity diagram of a family: boxes with rows, connected by lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pandadb.docs_pages.families import (
    JOB_HIGHLIGHTS,
    JOBS,
    Family,
    Line,
    families,
    lines,
    mappers,
    type_of,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Mapper


@dataclass(frozen=True)
class Row:
    """A line of text in a box: a column with its type, and PK or FK."""

    name: str
    type: str
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Box:
    """A table."""

    name: str
    """Qualified by its schema."""
    title: str
    rows: tuple[Row, ...] = ()
    more: int = 0
    """Columns that are not shown."""
    own: bool = True
    """Whether it belongs to the family; others are only referenced."""


@dataclass(frozen=True)
class Picture:
    """The diagram of a family."""

    title: str
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def pictures() -> dict[str, Picture]:
    """Return the picture of each family by its name."""
    everything, every_line = families(), lines()
    return {family.name: _picture(family, everything, every_line) for family in everything}


def _picture(family: Family, everything: list[Family], every_line: list[Line]) -> Picture:
    """Return the family's tables with keys and lines, and bare boxes for referenced tables."""
    shown = [line for line in every_line if line.touches(family.tables)]
    maps = mappers()
    boxes = [_own_box(maps[table], shown) for table in family.tables]
    for other in everything:
        boxes += [
            Box(table.fullname, table.name, own=False)
            for table in other.tables
            if other is not family and any(line.touches([table]) for line in shown)
        ]
    return Picture(family.meaning, tuple(boxes), tuple(shown))


def _own_box(mapper: Mapper[Any], shown: list[Line]) -> Box:
    table: Any = mapper.local_table
    keys = {column.name for column in mapper.primary_key}
    refers = {c for line in shown if line.child.table is table and not line.parent.many
              for c in line.child.columns}  # fmt: skip
    joined = {c for line in shown for end in (line.parent, line.child) if end.table is table
              for c in end.columns}  # fmt: skip
    highlights = JOB_HIGHLIGHTS if table.name in JOBS else ()
    rows = tuple(
        Row(
            column.name,
            type_of(column).removesuffix(" without time zone"),
            ("PK",) * column.primary_key + ("FK",) * (column.name in refers),
        )
        for column in table.columns
        if column.name in keys | joined or column.name in highlights
    )
    return Box(table.fullname, table.name, rows, more=len(table.columns) - len(rows))
