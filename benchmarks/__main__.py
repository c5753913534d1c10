"""`python -m benchmarks NAME`: measure, print, and check against the goals."""

import sys
from typing import Annotated, Any

import typer

from pandadb.cli.output import as_json, fail, table

try:
    from benchmarks import (
        archive,
        dispatch,
        event_loop,
        harvester,
        life,
        lookup,
        move,
        queue,
        servers,
        shares,
        sites,
        stats,
        tasks,
        web,
    )
    from benchmarks.alternation import Effort, Report
except ModuleNotFoundError as missing:
    fail(f"Benchmarks need what tests need, but there is no {missing.name}: make .venv/dev")

BENCHMARKS: dict[str, Any] = {
    "move": move,
    "dispatch": dispatch,
    "life": life,
    "archive": archive,
    "lookup": lookup,
    "tasks": tasks,
    "queue": queue,
    "sites": sites,
    "stats": stats,
    "harvester": harvester,
    "shares": shares,
    "aio": event_loop,
    "web": web,
}


def main(  # noqa: PLR0917 - typer's
    name: Annotated[str, typer.Argument(help=f"Which one: {', '.join(BENCHMARKS)}.")],
    quick: Annotated[bool, typer.Option("--quick", help="Two minutes at most.")] = False,
    tiny: Annotated[bool, typer.Option("--tiny", hidden=True)] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 if a goal is missed.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    server: Annotated[
        str, typer.Option(help="15 or 18, for a private server, or the URL of one.")
    ] = "18",
) -> None:
    """Measure how fast pandadb is, as ratios to yardsticks that are measured by turns with it.

    Example: python -m benchmarks move --quick
    """
    if name not in BENCHMARKS:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(BENCHMARKS)}")
    effort = Effort.TINY if tiny else Effort.QUICK if quick else Effort.FULL
    report = _run(name, server, effort)
    if json:
        as_json(report.as_dict())
    else:
        _print(report)
    if check and not all(goal["ok"] for goal in report.verdicts()):
        sys.exit(1)


def _run(name: str, choice: str, effort: Effort) -> Report:
    benchmark = BENCHMARKS[name]
    with servers.running(choice) as server:
        samples = benchmark.measure(server, effort)
        return Report(name, servers.version(server), samples, benchmark.RATIOS, benchmark.GOALS)


def _print(report: Report) -> None:
    title = f"{report.benchmark} on {report.server}"
    table(title, ("measured", "median"), report.medians().items())
    spreads = report.spreads().items()
    lines = [(name, spread.min, spread.median, spread.max) for name, spread in spreads]
    table("Ratios", ("ratio", "min", "median", "max"), lines)
    goals = report.verdicts()
    table("Goals", ("ratio", "goal", "got", "ok"), [tuple(goal.values()) for goal in goals])


if __name__ == "__main__":
    typer.run(main)
