"""What a diagram shows, however it is drawn: boxes with rows, and lines between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pandadb.core.diagrams.families import (
    JOB_HIGHLIGHTS,
    JOBS,
    Family,
    Line,
    families,
    lines,
    mappers,
    type_of,
)
from pandadb.models.base import PANDA

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.orm import Mapper


@dataclass(frozen=True)
class Row:
    """A line of text in a box: a column with its type, and PK or FK."""

    name: str
    type: str
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Box:
    """A table, or in the overview the tables of a family that stand alone."""

    name: str
    """Unique in the picture."""
    title: str
    family: str
    caption: str = ""
    rows: tuple[Row, ...] = ()
    more: int = 0
    """Columns that are not shown."""
    own: bool = True
    """Whether the picture is about it; others are only referred to."""


@dataclass(frozen=True)
class Picture:
    """What a diagram shows, however it is drawn."""

    title: str
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    overview: bool = False
    """Whether it leaves out the names of lines, and what only some of the job tables have."""


def pictures() -> dict[str, Picture]:
    """Return the picture of each family by its name, and the overview before them."""
    everything, every_line = families(), lines()
    return {
        "overview": _overview(everything, every_line),
        **{family.name: _picture(family, everything, every_line) for family in everything},
    }


def _picture(family: Family, everything: list[Family], every_line: list[Line]) -> Picture:
    """Return the family's tables with keys and lines, and bare boxes for what they refer to."""
    shown = [line for line in every_line if line.touches(family.tables)]
    maps = mappers()
    boxes = [_own_box(maps[table], family.name, shown) for table in family.tables]
    for other in everything:
        boxes += [
            Box(table.fullname, table.name, other.name, f"in {other.name}", own=False)
            for table in other.tables
            if other is not family and any(line.touches([table]) for line in shown)
        ]
    return Picture(family.meaning, tuple(boxes), tuple(shown))


def _own_box(mapper: Mapper[Any], family: str, shown: list[Line]) -> Box:
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
    caption = "" if table.schema == PANDA else str(table.schema)
    more = len(table.columns) - len(rows)
    return Box(table.fullname, table.name, family, caption, rows, more)


def _overview(everything: list[Family], every_line: list[Line]) -> Picture:
    """Return all tables: in boxes of their own, in the box of what they belong to, or in a list.

    A table that only belongs to one other of its family is a row in the box of that one; those
    that have no lines are listed in one box per family.
    """
    boxes, alone, lines_left = [], [], list(every_line)
    for family in everything:
        owners = {
            t: owner for t in family.tables if (owner := _owner(t, family, every_line)) is not None
        }
        lines_left = [line for line in lines_left if not line.touches(owners)]
        for table in family.tables:
            rows = tuple(Row(part.name, "") for part, owner in owners.items() if owner is table)
            if table not in owners and (rows or any(ln.touches([table]) for ln in every_line)):
                boxes.append(Box(table.fullname, table.name, family.name, family.name, rows))
        single = [t for t in family.tables if not any(line.touches([t]) for line in every_line)]
        if single:
            rows = tuple(Row(table.name, "") for table in single)
            name = f"{family.name} alone"
            alone.append(Box(name, family.name, family.name, "tables without lines", rows))
    lines_left = [line for line in lines_left if line.parent.table is not line.child.table]
    title = "All tables, and how the families hang together."
    return Picture(title, (*boxes, *alone), tuple(lines_left), overview=True)


def _owner(table: Table, family: Family, every_line: list[Line]) -> Table | None:
    """Return the one table that all lines of a table lead up to, if it is of the same family."""
    own = [line for line in every_line if line.touches([table])]
    owners = {line.parent.table for line in own}
    if len(owners) != 1 or table in owners or not owners <= {*family.tables}:
        return None
    return owners.pop()
