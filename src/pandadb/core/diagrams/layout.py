"""Where everything stands: boxes in columns, few crossings, few long lines."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pandadb.core.diagrams.families import JOBS, Line
from pandadb.core.diagrams.mermaid import cardinality
from pandadb.core.diagrams.routes import ports_of, routes_of
from pandadb.core.diagrams.spots import GAP, LOOP, Layout, Spot, Wire, has_lines, size_of, width_of
from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from pandadb.core.diagrams.pictures import Box, Picture


class LayoutLibraryMissing(PandaDBError):
    """The library that orders the boxes of a diagram is not installed."""


PAGE = 1100
"""Boxes without lines are set in rows of this width."""


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
            (cardinality(line), other.table.fullname, other.columns, here.columns)
            for line in picture.lines
            for here, other in ((line.parent, line.child), (line.child, line.parent))
            if here.table.fullname == box.name
        )
        lines_of = frozenset() if picture.overview else lines_of
        same.setdefault((box.own, lines_of) if job else box.name, []).append(box)
    spots = [Spot(tuple(boxes)) for boxes in same.values()]
    alone = max((width_of(b) for b in picture.boxes if not has_lines(b, picture)), default=0)
    for spot in spots:
        spot.width, spot.height = size_of(spot.boxes)
        if not has_lines(spot.boxes[0], picture):
            spot.width = alone
    return spots


def _wires(picture: Picture, spots: list[Spot]) -> list[Wire]:
    """Return one wire for the lines that the tables of a frame have in common."""
    home = {box.name: spot for spot in spots for box in spot.boxes}
    same: dict[object, list[Line]] = {}
    for line in picture.lines:
        ends = [home[end.table.fullname] for end in (line.parent, line.child)]
        joined = (line.parent.columns, line.child.columns, cardinality(line))
        key = (*map(id, ends), *(() if picture.overview else joined))
        same.setdefault(key, []).append(line)
    wires = []
    for group in same.values():
        first = group[0]
        names = {line.parent.name for line in group}
        label = names.pop() if len(names) == 1 else first.child.name
        parent, child = home[first.parent.table.fullname], home[first.child.table.fullname]
        label = "" if picture.overview else label or first.child.name
        wires.append(Wire(parent, child, first, label))
        if parent is child:
            parent.loops.append(wires[-1])
            parent.height += LOOP
    return wires


def _graph(count: int, edges: list[tuple[int, int]]) -> Any:
    try:
        import igraph  # noqa: PLC0415 - an extra: only who draws needs it
    except ImportError as error:
        raise LayoutLibraryMissing(
            "The diagrams need igraph, which is not installed: pip install 'pandadb[docs]', "
            "or in a checkout '.[docs]'"
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
    ends = ports_of(wires)
    routes, width = routes_of(columns, wires, chains, ends)
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
