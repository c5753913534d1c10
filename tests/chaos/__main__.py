"""Run the scenarios of load and chaos, and write their table and figure into the docs.

python -m tests.chaos [--scale 1] [--rate 100] [--postgres system] [--write] [NAME …]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.chaos.figure import drawn
from tests.chaos.measurement import Outcome, run
from tests.chaos.phases import SCENARIOS
from tests.chaos.test_chaos import migrate
from tests.databases import Server, made_template, temporary_database
from tests.servers import mortal_server

DOCS = Path(__file__).parents[2] / "docs"
PAGE, FIGURE = DOCS / "queue_chaos.md", DOCS / "queue_chaos.svg"
BEGIN, END = "<!-- table -->\n", "<!-- end of the table -->\n"
HEAD = (
    "| Scenario | Jobs | Lost | Doubled | Executed again | Before, during, after (jobs/s) |"
    " Back to | Goes on after | Longest gap | Wait p95 before, during |\n"
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"
)


def main() -> int:
    """Run them one after the other; return 1 if one of them has lost or doubled a job."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("names", nargs="*", help="scenarios; default: all")
    parser.add_argument("--scale", type=float, default=1.0, help="10 is as long as the original")
    parser.add_argument("--rate", type=int, default=100, help="jobs a second")
    parser.add_argument("--postgres", default="", help="system, embedded, or a folder of binaries")
    parser.add_argument(
        "--loop", action="store_true", help="a loop on services.queue instead of real workers"
    )
    parser.add_argument("--write", action="store_true", help="write table and figure into docs")
    asked = parser.parse_args()
    outcomes = []
    with mortal_server(asked.postgres) as server:
        there = Server(server.url(), "pandadb_test_chaos_", file_copy=True)
        template = made_template(there, "template", migrate)
        for scenario in SCENARIOS:
            if asked.names and scenario.name not in asked.names:
                continue
            with temporary_database(there, template) as url:
                outcomes.append(
                    run(scenario, server, url, asked.scale, asked.rate, real=not asked.loop)
                )
            sys.stdout.write(row(outcomes[-1]))
            sys.stdout.flush()
    if asked.write:
        write(outcomes)
    return int(any(one.lost or one.doubled for one in outcomes))


def row(one: Outcome) -> str:
    """Return the row of a scenario."""
    rates = f"{one.before:.0f}, {one.during:.0f}, {one.after:.0f}"
    resumed = "in the phase" if one.resumed == 0 else f"{one.resumed:.1f} s"
    waits = f"{one.wait_before * 1000:.0f}, {one.wait_during * 1000:.0f} ms"
    return (
        f"| {one.name} | {one.jobs} | {one.lost} | {one.doubled} | {one.repeated} | {rates} |"
        f" {one.recovered:.2f} | {resumed} | {one.gap:.1f} s | {waits} |\n"
    )


def write(outcomes: list[Outcome]) -> None:
    """Put the table and the figure into the docs."""
    page = PAGE.read_text()
    before, rest = page.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    table = HEAD + "".join(row(one) for one in outcomes)
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")
    FIGURE.write_text(drawn(outcomes))


if __name__ == "__main__":
    sys.exit(main())
