"""`pandadb jobs report`: how many jobs are where, and how many came and ended lately."""

from typing import Annotated, Any

import typer

from pandadb.cli.jobs.filters import filtered
from pandadb.cli.options import AsJSON, whole
from pandadb.cli.output import as_json, out, table
from pandadb.cli.target import connected
from pandadb.services import jobs, selection

BAR = 40
"""Characters of the longest bar."""
QUEUES_SHOWN = 20
TIME_FORMATS = {"hour": "%Y-%m-%d %H:00", "day": "%Y-%m-%d", "week": "%Y-%m-%d"}


@filtered
def report(
    chosen: "jobs.Filter",
    *,
    interval: Annotated[str, typer.Option(help="Of the trend: hour, day or week.")] = "hour",
    intervals: Annotated[
        int, typer.Option(parser=whole(1, 1000), metavar="NUMBER", help="Of them, the latest ones.")
    ] = 24,
    json: AsJSON = False,
) -> None:
    """Count jobs by state and queue, and by hour the created and the ended ones.

    All options limit the jobs; of the archive only with --archive. Times are UTC.

    Example: pandadb jobs report --interval day --intervals 7 --computingsite "CERN*"
    """
    with connected() as database:
        found = selection.report(database, chosen, interval=interval, intervals=intervals)
    if json:
        as_json(found.plain())
        return
    if not found.states:
        out.print("No job matches.")
    _draw("States", found.states)
    _show_queues(found)
    _show_trend(found)


def _draw(title: str, numbers: dict[str, int]) -> None:
    """Print numbers with bars."""
    most = max(numbers.values(), default=0)
    rows = ((name, number, _bar(number, most)) for name, number in numbers.items())
    if numbers:
        table(title, ("state", "jobs", ""), rows)


def _bar(number: int, most: int) -> str:
    """Return a bar in proportion to the largest number; any number above 0 has one."""
    return "█" * max(round(BAR * number / most), 1) if number else ""


def _show_queues(found: "selection.JobReport") -> None:
    states = [*found.states]
    shown = [*found.queues.items()][:QUEUES_SHOWN]
    if shown:
        rows: Any = (
            (queue or "-", *(counts.get(state, 0) for state in states)) for queue, counts in shown
        )
        table("Queues", ("queue", *states), rows)
    if left := len(found.queues) - len(shown):
        out.print(f"{left:,} more queues: --json has all of them")


def _show_trend(found: "selection.JobReport") -> None:
    most = max((sum(one.ended.values()) for one in found.trend), default=0)
    states = [*found.trend[0].ended] if found.trend else []
    rows = (
        (
            f"{one.since:{TIME_FORMATS[found.interval]}}",
            one.created,
            *one.ended.values(),
            _bar(sum(one.ended.values()), most),
        )
        for one in found.trend
    )
    table(f"By {found.interval}", (found.interval, "created", *states, "ended"), rows)
