"""Parts of a Markdown page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table; bars in cells are escaped."""
    cells_of = ([cell.replace("|", "\\|") for cell in row] for row in rows)
    lines = [header, ("---",) * len(header), *cells_of]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def joined(*parts: str) -> str:
    """Return a page of the non-empty parts."""
    return "\n\n".join(part for part in parts if part) + "\n"
