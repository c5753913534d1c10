"""Entity diagrams of the models: the tables of a family and their lines, as Mermaid and as SVG.

The SVG is the same on every machine: igraph only says in which order boxes stand in a column, and
every coordinate is a whole number that is computed here. Columns stand from left to right; a line
leaves the side of a box at the row of its column, turns in a lane of the gutter between two
columns, and ends at the row of the other column.
"""

from __future__ import annotations

import importlib
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import RelationshipDirection, configure_mappers

from pandadb.core.tables import JOB_TABLES
from pandadb.errors import PandaDBError
from pandadb.models import Base
from pandadb.models.base import PANDA

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Column, Table
    from sqlalchemy.orm import Mapper, RelationshipProperty

ORDER = (
    "tasks datasets events jobs archive queues workflow deft sites harvester workernodes errors"
    " statistics service meta bigmon"
).split()
"""The families as a newcomer reads them; one that is not named here comes after them."""

JOBS = [job.__tablename__ for job in JOB_TABLES]
JOB_HIGHLIGHTS = ("jobstatus", "currentpriority", "computingsite", "modificationtime")
"""Columns of a job that its box shows beside its keys."""


class LayoutLibraryMissing(PandaDBError):
    """The library that orders the boxes of a diagram is not installed."""


# What the models say.


@dataclass(frozen=True)
class Family:
    """The tables of one module of the models."""

    name: str
    meaning: str
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class End:
    """Where a line ends: a table, the columns of the join, how many rows, the relationship's name.

    The name is the one that the class of this table gives to what is at the other end.
    """

    table: Table
    columns: tuple[str, ...]
    many: bool
    optional: bool
    name: str


@dataclass(frozen=True)
class Line:
    """A relationship between two tables, or of a table with itself, seen from both."""

    parent: End
    child: End

    def touches(self, tables: Iterable[Table]) -> bool:
        """Tell whether it begins or ends at one of the tables."""
        return any(table in (self.parent.table, self.child.table) for table in tables)


def mappers() -> dict[Table, Mapper[Any]]:
    """Return the mapper of each table."""
    configure_mappers()
    found = {mapper.local_table: mapper for mapper in Base.registry.mappers}
    return {table: found[table] for table in Base.metadata.tables.values() if table in found}


def families() -> list[Family]:
    """Return every family with its tables as they are declared, those of jobs themselves first."""
    tables: defaultdict[str, list[Table]] = defaultdict(list)
    for table, mapper in mappers().items():
        tables[_family(mapper)].append(table)
    names = sorted(tables, key=lambda name: (*_rank(name), name))
    return [Family(name, _meaning(name), tuple(sorted(tables[name], key=_is_not_job)))
            for name in names]  # fmt: skip


def _family(mapper: Mapper[Any]) -> str:
    return mapper.class_.__module__.removeprefix("pandadb.models.").partition(".")[0]


def _rank(name: str) -> tuple[int]:
    return (ORDER.index(name) if name in ORDER else len(ORDER),)


def _is_not_job(table: Table) -> bool:
    return table.name not in JOBS


def _meaning(name: str) -> str:
    words = importlib.import_module(f"pandadb.models.{name}").__doc__ or ""
    return " ".join(words.partition("\n\n")[0].split())


def lines() -> list[Line]:
    """Return the lines between all tables; a relationship and its opposite are one line.

    A relationship that goes through another table is not a line: its two halves are.
    """
    joins: defaultdict[frozenset[frozenset[tuple[str, str]]], list[RelationshipProperty[Any]]]
    joins = defaultdict(list)
    for mapper in mappers().values():
        for relationship in mapper.relationships:
            if relationship.secondary is None:
                pairs = relationship.local_remote_pairs or ()
                joins[frozenset(frozenset(map(_column, pair)) for pair in pairs)].append(
                    relationship
                )
    found = [_line(both) for both in joins.values()]
    return sorted(found, key=lambda line: [
        (end.table.fullname, end.name, end.columns) for end in (line.parent, line.child)
    ])  # fmt: skip


def _column(column: Any) -> tuple[str, str]:
    return column.table.fullname, column.name


def _line(both: list[RelationshipProperty[Any]]) -> Line:
    both = sorted(both, key=str)
    up = next((r for r in both if r.direction is RelationshipDirection.MANYTOONE), None)
    down = next((r for r in both if r is not up), None)
    back: RelationshipProperty[Any] | None = up
    if up is None and len(both) == 2:
        down, back = both
    pairs = [(a, b) for a, b in (up or both[0]).local_remote_pairs or ()]
    pairs = pairs if up else [(b, a) for a, b in pairs]
    pairs.sort(key=lambda pair: [*pair[0].table.columns].index(pair[0]))
    child, parent = pairs[0][0].table, pairs[0][1].table
    many = up is None and back is not None
    optional = many or parent.name in JOBS or any(column.nullable for column, _ in pairs)
    return Line(
        End(parent, tuple(b.name for _, b in pairs), many, optional, down.key if down else ""),
        End(child, tuple(a.name for a, _ in pairs), down is None or bool(down.uselist), True,
            back.key if back else ""),
    )  # fmt: skip


def type_of(column: Column[Any]) -> str:
    """Return the type of a column in PostgreSQL's words."""
    return column.type.compile(dialect=postgresql.dialect()).lower()


# What a picture shows.


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


def pictures() -> dict[str, Picture]:
    """Return the picture of each family by its name, and the overview before them."""
    everything, every_line = families(), lines()
    return {
        "overview": _overview(everything, every_line),
        **{family.name: _picture(family, every_line) for family in everything},
    }


def _picture(family: Family, every_line: list[Line]) -> Picture:
    """Return the family's tables with keys and lines, and bare boxes for what they refer to."""
    shown = [line for line in every_line if line.touches(family.tables)]
    maps = mappers()
    others = [table for table in maps if table not in family.tables
              and any(line.touches([table]) for line in shown)]  # fmt: skip
    boxes = [_own_box(maps[table], family.name, shown) for table in family.tables]
    for table in others:
        home = _family(maps[table])
        boxes.append(Box(table.fullname, table.name, home, f"in {home}", own=False))
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
    """Return all tables: those with lines as boxes without rows, the others listed by family."""
    joined, alone = [], []
    for family in everything:
        single = [t for t in family.tables if not any(line.touches([t]) for line in every_line)]
        joined += [Box(table.fullname, table.name, family.name, family.name)
                   for table in family.tables if table not in single]  # fmt: skip
        if single:
            rows = tuple(Row(table.name, "table") for table in single)
            alone.append(Box(f"{family.name}, alone", family.name, family.name, "stand alone",
                             rows))  # fmt: skip
    own_lines = [line for line in every_line if line.parent.table is not line.child.table]
    return Picture("All families and how they hang together.", (*joined, *alone), (*own_lines,))


# Mermaid.


def mermaid(picture: Picture) -> str:
    """Return a picture as a Mermaid `erDiagram`."""
    text = ["---", f'title: "{picture.title}"', "---", "erDiagram", "    direction LR"]
    for box in picture.boxes:
        if not box.rows:
            text.append(f"    {_entity(box.name)}")
            continue
        text.append(f"    {_entity(box.name)} {{")
        text += [f"        {_attribute(row)}" for row in box.rows]
        text.append("    }")
    text += [
        f"    {_entity(line.parent.table.fullname)} {_cardinality(line)}"
        f" {_entity(line.child.table.fullname)} : {line.parent.name or line.child.name}"
        for line in picture.lines
    ]
    return "\n".join(text) + "\n"


def _entity(name: str) -> str:
    short = name.removeprefix(f"{PANDA}.")
    return short if re.fullmatch(r"\w+", short) else f'"{short}"'


def _attribute(row: Row) -> str:
    """Return type, name and keys; Mermaid takes no spaces, commas or dollar signs."""
    kind = re.sub(r"[^\w()]+", "-", row.type)
    name = re.sub(r"\W", "_", row.name)
    words = [kind, name, ", ".join(row.marks), "" if name == row.name else f'"{row.name}"']
    return " ".join(filter(None, words))


def _cardinality(line: Line) -> str:
    left = "}o" if line.parent.many else "|o" if line.parent.optional else "||"
    return f"{left}--{'o{' if line.child.many else 'o|'}"


# Where everything stands, in pixels.

ROW, HEAD, CAPTION = 18, 26, 14
PAD, GAP, LANE, MARGIN, PASS = 10, 22, 12, 26, 14
LOOP = 24
PAGE = 1100
"""Boxes without lines are set in rows of this width."""


@dataclass(eq=False)
class Spot:
    """A rectangle in a column: a box, several boxes in one frame, or a line that passes."""

    boxes: tuple[Box, ...] = ()
    layer: int = 0
    x: int = 0
    y: int = 0
    width: int = 0
    height: int = PASS
    loops: list[Wire] = field(default_factory=list)

    @property
    def middle(self) -> int:
        """The height at which a line meets it that asks for no row."""
        return self.y + self.height // 2


@dataclass(frozen=True, eq=False)
class Wire:
    """A line as it is drawn: from spot to spot, for one table or all tables of a frame."""

    parent: Spot
    child: Spot
    line: Line
    label: str


@dataclass(frozen=True)
class Route:
    """The corners of a wire from left to right, and whether its child is at the right end."""

    wire: Wire
    corners: tuple[tuple[int, int], ...]
    child_right: bool


@dataclass(frozen=True)
class Layout:
    """Every box and frame with its place, and every line with its corners."""

    width: int
    height: int
    spots: list[Spot]
    routes: list[Route]

    def places(self) -> list[tuple[Box, int, int, int, int]]:
        """Return each box with x, y, width and height."""
        return [place for spot in self.spots for place in _inside(spot)]


def layout(picture: Picture) -> Layout:
    """Return where a picture's boxes stand and its lines run.

    Raises:
        LayoutLibraryMissing: igraph is not installed.
    """
    spots = _spots(picture)
    wires = _wires(picture, spots)
    blocks = [_block(group, [w for w in wires if w.parent in group and w.parent is not w.child])
              for group in _components(spots, wires)]  # fmt: skip
    blocks.sort(key=lambda block: (not block.routes, -block.height))
    width = max([PAGE, *(block.width for block in blocks)])
    return _packed(blocks, width)


def _spots(picture: Picture) -> list[Spot]:
    """Return a spot for each box; tables of jobs that have the same lines share a frame."""
    same: dict[object, list[Box]] = {}
    for box in picture.boxes:
        job = box.title in JOBS
        lines_of = frozenset(
            (_cardinality(line), other.table.fullname, other.columns, here.columns)
            for line in picture.lines
            for here, other in ((line.parent, line.child), (line.child, line.parent))
            if here.table.fullname == box.name
        )
        same.setdefault((box.own, lines_of) if job else box.name, []).append(box)
    spots = [Spot(tuple(boxes)) for boxes in same.values()]
    alone = max((_width(b) for b in picture.boxes if not _has_lines(b, picture)), default=0)
    for spot in spots:
        spot.width, spot.height = _size(spot.boxes)
        if not _has_lines(spot.boxes[0], picture):
            spot.width = alone
    return spots


def _has_lines(box: Box, picture: Picture) -> bool:
    return any(
        box.name in (line.parent.table.fullname, line.child.table.fullname)
        for line in picture.lines
    )


def _width(box: Box) -> int:
    rows = [len(row.name) + len(row.type) for row in box.rows]
    wide = max(rows, default=0) * 29 // 4 + 58 if rows else 0
    return max(110, wide, len(box.title) * 8 + 24, len(box.caption) * 7 + 24)


def _height(box: Box) -> int:
    count = len(box.rows) + bool(box.more)
    return _head(box) + count * ROW + (6 if count else 0)


def _head(box: Box) -> int:
    return HEAD + (CAPTION if box.caption else 0)


def _size(boxes: Sequence[Box]) -> tuple[int, int]:
    """Return the size of a box, or of a frame around boxes in one or two columns."""
    if len(boxes) == 1:
        return _width(boxes[0]), _height(boxes[0])
    across = 2 if boxes[0].rows else 1
    down = -(-len(boxes) // across)
    return (
        max(map(_width, boxes)) * across + PAD * (across + 1),
        HEAD + (max(map(_height, boxes)) + PAD) * down,
    )


def _inside(spot: Spot) -> list[tuple[Box, int, int, int, int]]:
    """Return the boxes of a spot with x, y, width and height."""
    if len(spot.boxes) < 2:
        return [(box, spot.x, spot.y, spot.width, _height(box)) for box in spot.boxes]
    across = 2 if spot.boxes[0].rows else 1
    width = (spot.width - PAD * (across + 1)) // across
    height = max(map(_height, spot.boxes))
    return [
        (
            box,
            spot.x + PAD + place % across * (width + PAD),
            spot.y + HEAD + place // across * (height + PAD),
            width,
            _height(box),
        )
        for place, box in enumerate(spot.boxes)
    ]


def _wires(picture: Picture, spots: list[Spot]) -> list[Wire]:
    """Return one wire for the lines that the tables of a frame have in common."""
    home = {box.name: spot for spot in spots for box in spot.boxes}
    same: dict[object, list[Line]] = {}
    for line in picture.lines:
        ends = [home[end.table.fullname] for end in (line.parent, line.child)]
        key = (*map(id, ends), line.parent.columns, line.child.columns, _cardinality(line))
        same.setdefault(key, []).append(line)
    wires = []
    for group in same.values():
        first = group[0]
        names = {line.parent.name for line in group}
        label = names.pop() if len(names) == 1 else first.child.name
        parent, child = home[first.parent.table.fullname], home[first.child.table.fullname]
        wires.append(Wire(parent, child, first, label or first.child.name))
        if parent is child:
            parent.loops.append(wires[-1])
            parent.height += LOOP
    return wires


def _graph(count: int, edges: list[tuple[int, int]]) -> Any:
    try:
        import igraph  # noqa: PLC0415 - an extra: only who draws needs it
    except ImportError as error:
        raise LayoutLibraryMissing(
            "The diagrams need igraph, which is not installed: pip install 'pandadb[docs]'"
        ) from error
    return igraph.Graph(n=count, edges=edges, directed=True)


def _components(spots: list[Spot], wires: list[Wire]) -> list[list[Spot]]:
    number = {id(spot): place for place, spot in enumerate(spots)}
    edges = [(number[id(wire.parent)], number[id(wire.child)]) for wire in wires]
    graph = _graph(len(spots), edges)
    return [[spots[place] for place in sorted(part)]
            for part in graph.connected_components(mode="weak")]  # fmt: skip


def _block(spots: list[Spot], wires: list[Wire]) -> Layout:
    """Lay out spots that hang together."""
    _layer(spots, wires)
    chains = [_chain(wire) for wire in wires]
    passes = [spot for chain in chains for spot in chain[1:-1]]
    columns = _columns([*spots, *passes], chains)
    _set_heights(columns, chains)
    ends = _ports(wires)
    routes, width = _routes(columns, wires, chains, ends)
    height = max(spot.y + spot.height for column in columns for spot in column)
    return Layout(width, height, spots, routes)


def _layer(spots: list[Spot], wires: list[Wire]) -> None:
    """Give each spot a column: parents left of their children, a hub's children on both sides."""
    number = {id(spot): place for place, spot in enumerate(spots)}
    edges = [(number[id(wire.parent)], number[id(wire.child)]) for wire in wires]
    backward = set(_graph(len(spots), edges).feedback_arc_set(method="eades"))
    edges = [edge[::-1] if place in backward else edge for place, edge in enumerate(edges)]
    for _ in spots:
        for left, right in edges:
            spots[right].layer = max(spots[right].layer, spots[left].layer + 1)
    for place, spot in enumerate(spots):
        rights = [spots[right].layer for left, right in edges if left == place]
        if rights and not any(right == place for _, right in edges):
            spot.layer = min(rights) - 1
    _balance(spots, wires)
    first = min(spot.layer for spot in spots)
    for spot in spots:
        spot.layer -= first


def _balance(spots: list[Spot], wires: list[Wire]) -> None:
    """Move spots with one neighbour to its other side, as long as that makes columns more even."""
    heights: defaultdict[int, int] = defaultdict(int)
    for spot in spots:
        heights[spot.layer] += spot.height + GAP
    for spot in reversed(spots):
        near = {id(s): s for wire in wires for s in (wire.parent, wire.child)
                if spot in (wire.parent, wire.child) and s is not spot}  # fmt: skip
        there = spot.layer - 2
        size = spot.height + GAP
        if [s.layer for s in near.values()] == [spot.layer - 1] and (
            heights[there] + size <= heights[spot.layer] - size
        ):
            heights[spot.layer] -= size
            heights[there] += size
            spot.layer = there


def _chain(wire: Wire) -> list[Spot]:
    """Return the spots of a wire from left to right, with one in each column that it passes."""
    left, right = sorted((wire.parent, wire.child), key=lambda spot: spot.layer)
    return [left, *(Spot(layer=n) for n in range(left.layer + 1, right.layer)), right]


def _columns(spots: list[Spot], chains: list[list[Spot]]) -> list[list[Spot]]:
    """Return the spots of each column from top to bottom, with few crossings between columns."""
    number = {id(spot): place for place, spot in enumerate(spots)}
    edges = [(number[id(a)], number[id(b)]) for chain in chains for a, b in pairwise(chain)]
    drawn = _graph(len(spots), edges).layout_sugiyama(layers=[spot.layer for spot in spots])
    order = [point[0] for point in getattr(drawn, "coords", drawn)]
    columns: list[list[Spot]] = [[] for _ in range(max(spot.layer for spot in spots) + 1)]
    for place in sorted(range(len(spots)), key=lambda place: (order[place], place)):
        columns[spots[place].layer].append(spots[place])
    return columns


def _set_heights(columns: list[list[Spot]], chains: list[list[Spot]]) -> None:
    """Set the spots of each column below each other, each as near its neighbours as it can."""
    near: defaultdict[int, list[Spot]] = defaultdict(list)
    for chain in chains:
        for a, b in pairwise(chain):
            near[id(a)].append(b)
            near[id(b)].append(a)
    for column in columns:
        _stack(column, [0] * len(column))
    for sweep in range(8):
        for column in columns if sweep % 2 else reversed(columns):
            wishes = [near[id(spot)] or [spot] for spot in column]
            _stack(column, [sum(s.middle for s in wish) // len(wish) for wish in wishes])
    top = min(spot.y for column in columns for spot in column)
    for column in columns:
        for spot in column:
            spot.y -= top


def _stack(column: list[Spot], wishes: list[int]) -> None:
    free: int | None = None
    for spot, wish in zip(column, wishes, strict=True):
        spot.y = wish - spot.height // 2
        if free is not None:
            spot.y = max(spot.y, free)
        free = spot.y + spot.height + (GAP if spot.boxes else GAP // 2)
    drift = sum(s.middle - wish for s, wish in zip(column, wishes, strict=True)) // len(column)
    for spot in column:
        spot.y -= drift


def _ports(wires: list[Wire]) -> dict[tuple[int, bool], int]:
    """Return the height at which each wire meets its parent (False) and its child (True).

    Lines that refer to one key meet at one point; on a frame, and where they end with many, they
    keep apart.
    """
    shared: defaultdict[tuple[int, bool, str], list[tuple[Wire, bool]]] = defaultdict(list)
    for wire in wires:
        for is_child, here, there in ((False, wire.parent, wire.child),
                                      (True, wire.child, wire.parent)):  # fmt: skip
            shared[id(here), there.layer > here.layer, _row(here, wire, is_child)].append(
                (wire, is_child)
            )
    ports = {}
    for ends in shared.values():
        ends.sort(key=lambda end: (end[0].parent if end[1] else end[0].child).middle)
        spot = ends[0][0].child if ends[0][1] else ends[0][0].parent
        framed = len(spot.boxes) > 1
        step = min(30, spot.height // (len(ends) + 1)) if framed else 10
        for place, (wire, is_child) in enumerate(ends):
            apart = (2 * place - len(ends) + 1) * step // 2 if framed or is_child else 0
            ports[id(wire), is_child] = _row_height(spot, _row(spot, wire, is_child)) + apart
    return ports


def _row(spot: Spot, wire: Wire, is_child: bool) -> str:
    """Return the row that stands for a join: the most particular of its columns."""
    end = wire.line.child if is_child else wire.line.parent
    return end.columns[-1] if len(spot.boxes) == 1 and spot.boxes[0].rows else ""


def _row_height(spot: Spot, row: str) -> int:
    if not row:
        return spot.middle
    box = spot.boxes[0]
    place = [r.name for r in box.rows].index(row)
    return spot.y + _head(box) + 3 + place * ROW + ROW // 2


@dataclass
class Lane:
    """A vertical line in a gutter: where the lines come in from the left and from the right."""

    lefts: list[int] = field(default_factory=list)
    rights: list[int] = field(default_factory=list)

    def spans(self, height: int) -> bool:
        """Tell whether the lane passes a height."""
        both = self.lefts + self.rights
        return min(both) <= height <= max(both)


def _cost(left: Lane, right: Lane) -> int:
    """Return how bad it is if one lane stands left of another: crossings, and lines on lines."""
    crossings = sum(map(left.spans, right.lefts)) + sum(map(right.spans, left.rights))
    covered = sum(abs(a - b) < 6 for a in right.lefts for b in left.rights)
    return crossings + 10 * covered


def _sorted_lanes(lanes: dict[object, Lane]) -> list[object]:
    order = list(lanes)
    for _ in order:
        for i in range(len(order) - 1):
            a, b = lanes[order[i]], lanes[order[i + 1]]
            if _cost(b, a) < _cost(a, b):
                order[i], order[i + 1] = order[i + 1], order[i]
    return order


def _routes(
    columns: list[list[Spot]],
    wires: list[Wire],
    chains: list[list[Spot]],
    ports: dict[tuple[int, bool], int],
) -> tuple[list[Route], int]:
    """Set the columns beside each other with gutters between, and lead the wires through them."""
    corners: dict[int, list[tuple[int, int]]] = {id(wire): [] for wire in wires}
    x = 0
    for layer, column in enumerate(columns):
        width = max(spot.width for spot in column)
        for spot in column:
            spot.x, spot.width = x, width
        x += width
        steps = []
        for wire, chain in zip(wires, chains, strict=True):
            for a, b in pairwise(chain):
                if a.layer == layer:
                    child_right = wire.child.layer > wire.parent.layer
                    start = ports[id(wire), not child_right] if a.boxes else a.middle
                    end = ports[id(wire), child_right] if b.boxes else b.middle
                    steps.append((wire, child_right, a, start, b, end))
        x = _gutter(x, steps, corners)
    routes = [Route(wire, tuple(corners[id(wire)]), wire.child.layer > wire.parent.layer)
              for wire in wires]  # fmt: skip
    return routes, x


def _gutter(
    x: int,
    steps: list[tuple[Wire, bool, Spot, int, Spot, int]],
    corners: dict[int, list[tuple[int, int]]],
) -> int:
    """Add the corners in one gutter; lines from one point share a lane. Return where it ends."""
    lanes: dict[object, Lane] = {}
    keys: list[object] = []
    labels = [0, 0]
    for wire, child_right, a, start, b, end in steps:
        keys.append((id(a), start, True) if child_right else (id(b), end, False))
        lane = lanes.setdefault(keys[-1], Lane())
        lane.lefts.append(start)
        lane.rights.append(end)
        if wire.child is (b if child_right else a):
            labels[child_right] = max(labels[child_right], len(wire.label) * 6 + 8)
    order = _sorted_lanes(lanes)
    first = x + MARGIN + labels[0]
    last = first + LANE * max(len(order) - 1, 0) + labels[1] + MARGIN
    for (wire, _, _, start, _, end), key in zip(steps, keys, strict=True):
        lane_x = first + LANE * order.index(key)
        corners[id(wire)] += [(x, start), (lane_x, start), (lane_x, end), (last, end)]
    return last if steps else x


def _packed(blocks: list[Layout], width: int) -> Layout:
    """Set blocks beside and below each other, in rows no wider than the width."""
    x = y = tallest = widest = 0
    spots, routes = [], []
    for block in blocks:
        if x and x + block.width > width:
            x, y, tallest = 0, y + tallest + GAP, 0
        for spot in block.spots:
            spot.x, spot.y = spot.x + x, spot.y + y
        spots += block.spots
        routes += [
            replace(route, corners=tuple((a + x, b + y) for a, b in route.corners))
            for route in block.routes
        ]
        tallest = max(tallest, block.height)
        widest = max(widest, x + block.width)
        x += block.width + GAP + (GAP if block.routes else 0)
    return Layout(widest, y + tallest, spots, routes)


# SVG.

EDGE = 24
COLOURS = (
    "1d4ed8 0f766e 4d7c0f b45309 92400e 7c3aed a21caf 9f1239 0369a1 15803d 475569 b91c1c"
    " 6d28d9 57534e 854d0e 334155"
).split()
"""The title bar of each family, in the order of the families; white text can be read on each."""

STYLE = """
text{font:12px 'DejaVu Sans Mono',Menlo,Consolas,monospace;fill:#1f2937}
.page{fill:#fff;stroke:#e5e7eb}.box{fill:#fff;stroke-width:1.2}.frame{fill:#f3f4f6;stroke:#9ca3af}
.title{font-size:13px;font-weight:bold;fill:#fff}.caption{font-size:10px;fill:#fff}
.type,.dim{fill:#6b7280}.key{font-size:9px;font-weight:bold;fill:#b45309}
.label{font-size:10px;fill:#4b5563}.line{fill:none;stroke:#6b7280;stroke-width:1.2}
.end{fill:#fff;stroke:#6b7280;stroke-width:1.2}.ref{fill:#f9fafb;stroke-dasharray:4 3}
@media (prefers-color-scheme:dark){text{fill:#e5e7eb}.page{fill:#0d1117;stroke:#30363d}
.box{fill:#161b22}.frame{fill:#1c222b;stroke:#6b7280}.title,.caption{fill:#fff}
.type,.dim,.label{fill:#9ca3af}.key{fill:#fbbf24}.line{stroke:#9ca3af}
.end{fill:#0d1117;stroke:#9ca3af}.ref{fill:#11161d}}
""".strip()


def svg(picture: Picture) -> str:
    """Return a picture as SVG that can be read on light and on dark pages.

    Raises:
        LayoutLibraryMissing: igraph is not installed.
    """
    drawing = layout(picture)
    width, height = drawing.width + 2 * EDGE, drawing.height + 2 * EDGE
    routes = [part for route in drawing.routes for part in _drawn_route(route)]
    loops = [part for spot in drawing.spots for part in _drawn_loops(spot)]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="{-EDGE} {-EDGE} {width} {height}" role="img">',
        f"<title>{escape(picture.title)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="page" x="{-EDGE}" y="{-EDGE}" width="{width}" height="{height}" rx="8"/>',
        *(part for spot in drawing.spots for part in _drawn_spot(spot)),
        *sorted(dict.fromkeys(routes), key=lambda part: part.startswith(("<circle", "<text"))),
        *loops,
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _drawn_spot(spot: Spot) -> Iterable[str]:
    if len(spot.boxes) > 1:
        yield (
            f'<rect class="frame" x="{spot.x}" y="{spot.y}" width="{spot.width}"'
            f' height="{spot.height}" rx="6"/>'
        )
        yield _text(spot.x + PAD, spot.y + 17, "a job is in one of these", "dim")
    for box, x, y, width, height in _inside(spot):
        yield from _drawn_box(box, x, y, width, height)


def _drawn_box(box: Box, x: int, y: int, width: int, height: int) -> Iterable[str]:
    colour = "#" + COLOURS[_rank(box.family)[0] % len(COLOURS)]
    kind, head = ("box", _head(box)) if box.own else ("box ref", height)
    place = f'x="{x}" y="{y}" width="{width}"'
    yield f'<rect class="{kind}" {place} height="{height}" rx="4" stroke="{colour}"/>'
    if box.own:
        yield f'<rect {place} height="{head}" rx="4" fill="{colour}"/>'
    middle = x + width // 2
    yield _text(middle, y + 18, box.title, "title" if box.own else "", "middle")
    if box.caption:
        yield _text(middle, y + 32, box.caption, "caption" if box.own else "dim", "middle")
    for place_, row in enumerate(box.rows):
        base = y + head + 3 + place_ * ROW + 13
        yield _text(x + 8, base, " ".join(row.marks), "key")
        yield _text(x + 42, base, row.name)
        yield _text(x + width - 8, base, row.type, "type", "end")
    if box.more:
        base = y + head + 3 + len(box.rows) * ROW + 13
        more = f"{'and ' if box.rows else ''}{box.more} more column{'s' * (box.more > 1)}"
        yield _text(x + 42, base, more, "dim")


def _text(x: int, y: int, words: str, kind: str = "", anchor: str = "") -> str:
    if not words:
        return ""
    extra = f' class="{kind}"' * bool(kind) + f' text-anchor="{anchor}"' * bool(anchor)
    return f'<text x="{x}" y="{y}"{extra}>{escape(words)}</text>'


def _drawn_route(route: Route) -> Iterable[str]:
    line = route.wire.line
    yield f'<path class="line" d="{_path(route.corners)}"/>'
    ends = (route.corners[0], route.corners[-1])
    child, parent = ends[::-1] if route.child_right else ends
    way = -1 if route.child_right else 1
    yield from _drawn_end(*parent, -way, line.parent)
    yield from _drawn_end(*child, way, line.child)
    yield _text(child[0] + 20 * way, child[1] - 4, route.wire.label, "label",
                "end" if route.child_right else "")  # fmt: skip


def _path(corners: Sequence[tuple[int, int]]) -> str:
    """Return the path through the corners, each of them round."""
    points = [point for point, before in zip(corners, [None, *corners], strict=False)
              if point != before]  # fmt: skip
    path = [f"M{points[0][0]} {points[0][1]}"]
    for (ax, ay), (bx, by), (cx, cy) in zip(points, points[1:], points[2:], strict=False):
        before, after = abs(bx - ax) + abs(by - ay), abs(cx - bx) + abs(cy - by)
        radius = min(6, before // 2, after // 2)
        sx, sy = _toward(bx, by, ax, ay, radius)
        ex, ey = _toward(bx, by, cx, cy, radius)
        path.append(f"L{sx} {sy}Q{bx} {by} {ex} {ey}")
    path.append(f"L{points[-1][0]} {points[-1][1]}")
    return "".join(path)


def _toward(x: int, y: int, to_x: int, to_y: int, far: int) -> tuple[int, int]:
    return x + ((to_x > x) - (to_x < x)) * far, y + ((to_y > y) - (to_y < y)) * far


def _drawn_end(x: int, y: int, way: int, end: End) -> Iterable[str]:
    """Draw how many rows there may be: a crow's foot or a bar, and a circle if there may be none.

    The bar of exactly one row is double.
    """
    if end.many:
        yield f'<path class="line" d="M{x} {y - 5}L{x + 10 * way} {y}L{x} {y + 5}"/>'
    else:
        yield f'<path class="line" d="M{x + 6 * way} {y - 5}V{y + 5}"/>'
    if end.optional:
        yield f'<circle class="end" cx="{x + 14 * way}" cy="{y}" r="4"/>'
    else:
        yield f'<path class="line" d="M{x + 10 * way} {y - 5}V{y + 5}"/>'


def _drawn_loops(spot: Spot) -> Iterable[str]:
    """Draw the lines of a table with itself below its box."""
    for place, wire in enumerate(spot.loops):
        x, y = spot.x + 16 + 60 * place, spot.y + _size(spot.boxes)[1]
        corners = [(x, y), (x, y + 14), (x + 30, y + 14), (x + 30, y)]
        yield f'<path class="line" d="{_path(corners)}"/>'
        yield f'<path class="line" d="M{x - 5} {y}L{x} {y + 10}L{x + 5} {y}"/>'
        yield f'<path class="line" d="M{x + 25} {y + 6}H{x + 35}"/>'
        yield _text(x + 40, y + 16, wire.label, "label")
