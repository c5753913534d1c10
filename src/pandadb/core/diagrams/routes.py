"""Where the lines run: from the row of one box through lanes between columns to the other."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from pandadb.core.diagrams.spots import LANE, MARGIN, Route, Spot, Wire, row_height, row_of


def ports_of(wires: list[Wire]) -> dict[tuple[int, bool], int]:
    """Return the height at which each wire meets its parent (False) and its child (True).

    Lines that refer to one key meet at one point if they say the same of it; others keep apart.
    """
    sides: defaultdict[object, defaultdict[object, list[tuple[Wire, bool]]]]
    sides = defaultdict(lambda: defaultdict(list))
    for wire in wires:
        for is_child in (False, True):
            here, there, end = wire.end(is_child)
            side = id(here), there.layer > here.layer, row_of(here, end)
            alone = is_child or len(here.boxes) > 1
            sides[side][id(wire) if alone else end.optional].append((wire, is_child))
    ports = {}
    for points in sides.values():
        ordered = sorted(points.values(), key=_height_of_others)
        here, _, end = ordered[0][0][0].end(ordered[0][0][1])
        row = row_of(here, end)
        step = min(14 if row or len(here.boxes) == 1 else 30, here.height // (len(ordered) + 1))
        for place, ends in enumerate(ordered):
            apart = (2 * place - len(ordered) + 1) * step // 2
            ports.update({(id(w), c): row_height(here, row) + apart for w, c in ends})
    return ports


def _height_of_others(ends: list[tuple[Wire, bool]]) -> int:
    return sum(wire.end(is_child)[1].middle for wire, is_child in ends) // len(ends)


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


def routes_of(
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
