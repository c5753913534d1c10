"""The figure of the scenarios: ends of jobs a second, each scenario a small picture, as SVG."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.chaos.measurement import Outcome

WIDTH, HEIGHT, MARGIN, ACROSS = 300, 110, 34, 3
BIN = 0.5
"""Seconds of a bar."""
INK, BARS, PHASE = "#333333", "#3b7dbd", "#f6c9c2"


def drawn(outcomes: Sequence[Outcome]) -> str:
    """Return the figure; the phase in which something happens is shaded."""
    rows = -(-len(outcomes) // ACROSS)
    across, down = ACROSS * (WIDTH + MARGIN), rows * (HEIGHT + MARGIN)
    pictures = "".join(
        f'<g transform="translate({n % ACROSS * (WIDTH + MARGIN) + MARGIN},'
        f'{n // ACROSS * (HEIGHT + MARGIN) + MARGIN / 2})">{"".join(_picture(one))}</g>\n'
        for n, one in enumerate(outcomes)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across + MARGIN} {down + MARGIN}"'
        f' font-family="sans-serif" font-size="11" fill="{INK}">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{pictures}</svg>\n'
    )


def _picture(one: Outcome) -> Iterator[str]:
    act, over, end = one.marks
    rates = _rates(one.series, end)
    top = max([*rates, 1.0]) * 1.1
    x = WIDTH / end
    yield f'<text x="0" y="-4">{escape(one.name)}</text>'
    yield _box(act * x, 0, (over - act) * x, HEIGHT, PHASE)
    for n, rate in enumerate(rates):
        tall = rate / top * HEIGHT
        yield _box(n * BIN * x, HEIGHT - tall, max(BIN * x - 0.5, 0.5), tall, BARS)
    yield f'<path d="M0 0V{HEIGHT}H{WIDTH}" stroke="{INK}" fill="none"/>'
    yield f'<text x="-4" y="8" text-anchor="end">{top:.0f}</text>'
    yield f'<text x="-4" y="{HEIGHT}" text-anchor="end">0</text>'
    yield f'<text x="{WIDTH}" y="{HEIGHT + 12}" text-anchor="end">{end:.0f} s</text>'


def _rates(series: Sequence[float], end: float) -> list[float]:
    counts = [0] * (int(end / BIN) + 1)
    for at in series:
        if at < end:
            counts[int(at / BIN)] += 1
    return [count / BIN for count in counts[:-1]]


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'
    )
