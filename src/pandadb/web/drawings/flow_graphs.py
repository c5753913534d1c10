"""Graphs of jobs: a place for each job below all that it waits for, and a curve for each wait."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pandadb.services import queue

BOX = (160, 44)
"""Width and height of a job."""
GAP = (20, 46)
MARGIN = 8
MOST_JOBS = 400
"""Jobs of a drawing: larger graphs are read as tables."""
LETTERS = 20
"""Of a name; the whole one is shown by a pointer."""

Edges = Sequence[tuple[int, int, str]]


@dataclass(frozen=True)
class Node:
    """A job of a drawing."""

    pandaid: int
    x: int
    y: int
    label: str
    name: str
    state: str


@dataclass(frozen=True)
class Drawing:
    """A drawing of jobs and their dependencies."""

    width: int
    height: int
    nodes: Sequence[Node]
    curves: Sequence[tuple[str, str]]
    """The path of each dependency, and its `on_failure`."""


def drawn(jobs: Sequence[Mapping[str, Any]], edges: Edges) -> Drawing | None:
    """Return the drawing of jobs; None if they are too many."""
    if len(jobs) > MOST_JOBS or not jobs:
        return None
    by_id = {job["pandaid"]: job for job in jobs}
    known = [edge for edge in edges if edge[0] in by_id and edge[1] in by_id]
    rows = _rows(by_id, known)
    widest = max(len(row) for row in rows)
    width = widest * (BOX[0] + GAP[0]) - GAP[0] + 2 * MARGIN
    places = {
        job: (_x(place, len(row), width), MARGIN + depth * (BOX[1] + GAP[1]))
        for depth, row in enumerate(rows)
        for place, job in enumerate(row)
    }
    nodes = [_node(by_id[job], *place) for job, place in places.items()]
    curves = [(_curve(places[parent], places[child]), rule) for parent, child, rule in known]
    height = len(rows) * (BOX[1] + GAP[1]) - GAP[1] + 2 * MARGIN
    return Drawing(width, height, nodes, curves)


def _rows(by_id: Mapping[int, Any], edges: Edges) -> list[list[int]]:
    """Return the jobs of each layer, each near the middle of its parents."""
    layers = queue.flows.layers(by_id, edges)
    parents = defaultdict(list)
    for parent, child, _ in edges:
        parents[child].append(parent)
    rows: list[list[int]] = [[] for _ in range(max(layers.values()) + 1)]
    for job in sorted(by_id):
        rows[layers[job]].append(job)
    middle: dict[int, float] = {}
    for row in rows:
        for place, job in enumerate(row):
            above = [middle[one] for one in parents[job] if one in middle]
            middle[job] = sum(above) / len(above) if above else place / len(row)
        row.sort(key=lambda job: (middle[job], job))
        middle |= {job: (place + 0.5) / len(row) for place, job in enumerate(row)}
    return rows


def _x(place: int, number: int, width: int) -> int:
    row = number * (BOX[0] + GAP[0]) - GAP[0]
    return (width - row) // 2 + place * (BOX[0] + GAP[0])


def _node(job: Mapping[str, Any], x: int, y: int) -> Node:
    name = queue.flows.label(job)
    short = name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"
    return Node(job["pandaid"], x, y, short, name, str(job["state"]))


def _curve(parent: tuple[int, int], child: tuple[int, int]) -> str:
    """Return the path from below a job to above its child."""
    x1, y1 = parent[0] + BOX[0] // 2, parent[1] + BOX[1]
    x2, y2 = child[0] + BOX[0] // 2, child[1]
    middle = (y1 + y2) // 2
    return f"M{x1} {y1} C{x1} {middle} {x2} {middle} {x2} {y2}"
