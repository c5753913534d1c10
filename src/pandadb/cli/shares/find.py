"""`pandadb shares tree`, `status` and `rank`: shares with their computing power, looked at."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from pandadb.cli.options import AsJSON
from pandadb.cli.output import as_json, note, out, table
from pandadb.cli.target import connected
from pandadb.services import shares

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGET = "target HS06"
RUNNING = "running HS06"
QUEUED = "queued HS06"
USED_UP, BEHIND = 1.05, 0.95
"""Use of a target from which on a share is coloured: above it, below it."""


def tree(json: AsJSON = False) -> None:
    """Draw the tree of shares with value, percent of everything, target, running and queued HS06.

    The numbers are those of JOBS_SHARE_STATS; the target is the percent of all that runs.

    Example: pandadb shares tree
    """
    with connected() as database:
        report = shares.tree(database)
    if json:
        unreachable = [*report.tree.unreachable]
        as_json({"tree": _nested(report.tree.root, report), "unreachable": unreachable})
    else:
        draw(report)


def draw(report: shares.TreeReport) -> None:
    """Print a tree of shares, and a note for each share without a way to the top."""
    drawn = Table(title="Global shares", title_justify="left", header_style="bold")
    drawn.add_column("share", overflow="fold")
    for column in ("value", "percent", TARGET, RUNNING, QUEUED, "used"):
        drawn.add_column(column, justify="right")
    for guide, share in _branches(report.tree.root):
        power = report.powers[share.name]
        numbers = (power.target, power.executing, power.queued)
        drawn.add_row(
            f"[dim]{guide}[/]{escape(share.name)}",
            str(share.value),
            f"{share.percent:.2f}",
            *(f"{number:,.0f}" for number in numbers),
            _use(power),
        )
    out.print(drawn)
    for name in report.tree.unreachable:
        note(f"Share {name!r} has no way to the top: its parent is missing, or is below it")


def _branches(share: shares.Share, guide: str = "") -> Iterator[tuple[str, shares.Share]]:
    """Yield the shares below a share from the top down, each with the lines that lead to it."""
    for number, child in enumerate(share.children, 1):
        is_last = number == len(share.children)
        yield guide + ("└─ " if is_last else "├─ "), child
        yield from _branches(child, guide + ("   " if is_last else "│  "))


def _use(power: shares.Power) -> str:
    if not power.target:
        return "-"
    colour = "red" if power.use > USED_UP else "green" if power.use < BEHIND else "default"
    return f"[{colour}]{power.use:.0%}[/]"


def _nested(share: shares.Share, report: shares.TreeReport) -> dict[str, Any]:
    below = [_nested(child, report) for child in share.children]
    return {**asdict(share), **asdict(report.powers[share.name]), "children": below}


def rank(json: AsJSON = False) -> None:
    """List the shares in the order of dispatch: the one that uses least of its target first.

    At each node of the tree the children are ordered by their use; the leaves below stay together.

    Example: pandadb shares rank
    """
    with connected() as database:
        ranked = shares.rank(database)
    if json:
        as_json([{"share": name, **asdict(power)} for name, power in ranked.items()])
        return
    lines = (
        (place, name, power.target, power.executing, power.queued, _percent(power))
        for place, (name, power) in enumerate(ranked.items(), 1)
    )
    table("Order of dispatch", ("place", "share", TARGET, RUNNING, QUEUED, "used"), lines)


def _percent(power: shares.Power) -> str | None:
    return f"{power.use:.0%}" if power.target else None


def status(
    share: Annotated[str, typer.Argument(metavar="SHARE", help="The share, a leaf or above one.")],
    json: AsJSON = False,
) -> None:
    """Show a share with its PanDA queues: jobs by state, running and queued HS06.

    Example: pandadb shares status Simulation
    """
    with connected() as database:
        page = shares.page(database, share)
    if json:
        as_json(asdict(page))
        return
    power = page.power
    out.print(" / ".join(page.path), style="bold", markup=False)
    out.print(
        f"{page.share.percent:.2f} % of everything: target {power.target:,.0f} HS06,"
        f" running {power.executing:,.0f}, queued {power.queued:,.0f}"
    )
    patterns = ", ".join(f"{name} like {pattern}" for name, pattern in page.share.patterns.items())
    if patterns and not page.share.children:
        out.print(f"Work with {patterns}", markup=False)
    lines = (
        (one.computingsite, one.status, _jobs(one.jobs), one.executing, one.queued)
        for one in page.queues
    )
    table("PanDA queues", ("queue", "status", "jobs", RUNNING, QUEUED), lines)


def _jobs(jobs: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {state}" for state, number in sorted(jobs.items()))
