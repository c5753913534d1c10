"""Pictures as SVG, the same bytes on every machine."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pandadb.core.diagrams.families import End, _rank
from pandadb.core.diagrams.layout import layout
from pandadb.core.diagrams.spots import PAD, ROW, Route, Spot, boxes_inside, head_of, size_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pandadb.core.diagrams.pictures import Box, Picture


EDGE = 24


COLOURS = [
    "1d4ed8",
    "0f766e",
    "4d7c0f",
    "b45309",
    "92400e",
    "7c3aed",
    "a21caf",
    "9f1239",
    "0369a1",
    "15803d",
    "475569",
    "b91c1c",
    "6d28d9",
    "57534e",
    "854d0e",
    "334155",
]
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
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
            f' viewBox="{-EDGE} {-EDGE} {width} {height}" role="img">'
        ),
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
    for box, x, y, width, height in boxes_inside(spot):
        yield from _drawn_box(box, x, y, width, height)


def _drawn_box(box: Box, x: int, y: int, width: int, height: int) -> Iterable[str]:
    colour = "#" + COLOURS[_rank(box.family)[0] % len(COLOURS)]
    kind, head = ("box", head_of(box)) if box.own else ("box ref", height)
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
        x, y = spot.x + 16 + 60 * place, spot.y + size_of(spot.boxes)[1]
        corners = [(x, y), (x, y + 14), (x + 30, y + 14), (x + 30, y)]
        yield f'<path class="line" d="{_path(corners)}"/>'
        yield f'<path class="line" d="M{x - 5} {y}L{x} {y + 10}L{x + 5} {y}"/>'
        yield f'<path class="line" d="M{x + 25} {y + 6}H{x + 35}"/>'
        yield _text(x + 40, y + 16, wire.label, "label")
