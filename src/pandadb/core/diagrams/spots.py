"""What stands in a picture and how large it is, in pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.diagrams.families import End, Line
    from pandadb.core.diagrams.pictures import Box, Picture

ROW, HEAD, CAPTION = 18, 26, 14


PAD, GAP, LANE, MARGIN, PASS = 10, 22, 12, 26, 14


LOOP = 24


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

    def end(self, is_child: bool) -> tuple[Spot, Spot, End]:
        """Return the spot at an end, the spot at the other one, and what the line says of it."""
        if is_child:
            return self.child, self.parent, self.line.child
        return self.parent, self.child, self.line.parent


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
        return [place for spot in self.spots for place in boxes_inside(spot)]


def has_lines(box: Box, picture: Picture) -> bool:
    """Tell whether a line of the picture ends at the box."""
    return any(
        box.name in (line.parent.table.fullname, line.child.table.fullname)
        for line in picture.lines
    )


def width_of(box: Box) -> int:
    """Return the width that the words of a box need."""
    rows = [len(row.name) + len(row.type) for row in box.rows]
    wide = max(rows, default=0) * 29 // 4 + 58 if rows else 0
    wide = max(wide, 190) if box.more else wide
    return max(110, wide, len(box.title) * 8 + 24, len(box.caption) * 7 + 24)


def height_of(box: Box) -> int:
    """Return the height of a box: its head and its rows."""
    count = len(box.rows) + bool(box.more)
    return head_of(box) + count * ROW + (6 if count else 0)


def head_of(box: Box) -> int:
    """Return the height of the head of a box."""
    return HEAD + (CAPTION if box.caption else 0)


def size_of(boxes: Sequence[Box]) -> tuple[int, int]:
    """Return the size of a box, or of a frame around boxes."""
    if len(boxes) == 1:
        return width_of(boxes[0]), height_of(boxes[0])
    ranks = ranks_of(boxes)
    across = len(ranks[0])
    return (
        max(190, max(map(width_of, boxes)) * across + PAD * (across + 1)),
        HEAD + sum(max(map(height_of, rank)) + PAD for rank in ranks),
    )


def ranks_of(boxes: Sequence[Box]) -> list[Sequence[Box]]:
    """Return the boxes of a frame as they stand: two beside each other if they show columns."""
    across = 2 if boxes[0].rows else 1
    return [boxes[place : place + across] for place in range(0, len(boxes), across)]


def boxes_inside(spot: Spot) -> list[tuple[Box, int, int, int, int]]:
    """Return the boxes of a spot with x, y, width and height."""
    if len(spot.boxes) < 2:
        return [(box, spot.x, spot.y, spot.width, height_of(box)) for box in spot.boxes]
    ranks, y, places = ranks_of(spot.boxes), spot.y + HEAD, []
    width = (spot.width - PAD) // len(ranks[0]) - PAD
    for rank in ranks:
        for place, box in enumerate(rank):
            x = spot.x + PAD + place * (width + PAD)
            places.append((box, x, y, width, height_of(box)))
        y += max(map(height_of, rank)) + PAD
    return places


def row_of(spot: Spot, end: End) -> str:
    """Return the row that stands for a join: the most particular of its columns, if shown."""
    rows = [row.name for row in spot.boxes[0].rows] if len(spot.boxes) == 1 else []
    return end.columns[-1] if end.columns[-1] in rows else ""


def row_height(spot: Spot, row: str) -> int:
    """Return the height at which a row of a spot is met; its middle without a row."""
    if not row:
        return spot.middle
    box = spot.boxes[0]
    place = [r.name for r in box.rows].index(row)
    return spot.y + head_of(box) + 3 + place * ROW + ROW // 2
