"""Bars of jobs by state, site and hour: shares of a width, which templates draw as SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlencode

WIDTH = 1000.0
"""Width of all drawings in their own unit; the page stretches them."""
HEIGHT = 100.0
SITES_SHOWN = 15
"""Sites with a bar; the table as CSV has all of them."""
NO_SITE = "no site yet"


@dataclass(frozen=True)
class Part:
    """A part of a bar."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    """Its class of the style sheet, a state."""
    title: str
    """The text that a pointer on it shows."""


@dataclass(frozen=True)
class Bar:
    """A bar with its name and number."""

    name: str
    number: int
    address: str | None
    """The list of its jobs; None if it is of something else."""
    parts: Sequence[Part]


class HourCount(Protocol):
    """The jobs of an hour, as `selection.report` counts them."""

    since: datetime
    created: int
    ended: dict[str, int]


def by_state(states: Mapping[str, int]) -> list[Bar]:
    """Return a bar for each state."""
    most = max(states.values(), default=0)
    return [
        Bar(state, number, f"/jobs?{urlencode({'jobstatus': state})}",
            [Part(0, 0, _share(number, most), 10, state, f"{state}: {number:,}")])
        for state, number in states.items()
    ]  # fmt: skip


def by_site(sites: Mapping[str, Mapping[str, int]]) -> list[Bar]:
    """Return a bar for each of the sites with most jobs, with a part for each state."""
    totals = {site: sum(counts.values()) for site, counts in sites.items()}
    most = max(totals.values(), default=0)
    return [
        Bar(site or NO_SITE, totals[site], _site_address(site), _row(sites[site], most))
        for site in list(sites)[:SITES_SHOWN]
    ]


def _site_address(site: str) -> str:
    return f"/jobs?{urlencode({'computingsite': site})}" if site else "/jobs"


def _row(counts: Mapping[str, int], most: int) -> list[Part]:
    parts, x = [], 0.0
    for state, number in counts.items():
        width = _share(number, most)
        parts.append(Part(x, 0, width, 10, state, f"{state}: {number:,}"))
        x += width
    return parts


def _share(number: int, most: int) -> float:
    """Return the width of a number; any number above 0 is seen."""
    return round(max(WIDTH * number / most, 2.0), 1) if number else 0.0


def by_hour(hours: Sequence[HourCount]) -> list[Part]:
    """Return the columns of hours: ended jobs by state from below, created ones beside them."""
    most = max((max(one.created, sum(one.ended.values())) for one in hours), default=0)
    if not most:
        return []
    slot, parts = WIDTH / len(hours), []
    for place, one in enumerate(hours):
        when, y = f"{one.since:%Y-%m-%d %H:%M}", HEIGHT
        for state, number in one.ended.items():
            height = round(HEIGHT * number / most, 1)
            y -= height
            parts.append(Part(round(place * slot + slot * 0.1, 1), round(y, 1),
                              round(slot * 0.4, 1), height, state,
                              f"{when}: {number:,} {state}"))  # fmt: skip
        height = round(HEIGHT * one.created / most, 1)
        parts.append(Part(round(place * slot + slot * 0.52, 1), round(HEIGHT - height, 1),
                          round(slot * 0.3, 1), height, "created",
                          f"{when}: {one.created:,} created"))  # fmt: skip
    return [part for part in parts if part.height]
