"""`pandadb events list` and `count`: ranges of events, looked at."""

from dataclasses import asdict
from typing import Annotated

import typer

from pandadb.cli.options import LARGEST_ID, AsJSON, task_id, whole
from pandadb.cli.output import as_json, out, plain_text, table
from pandadb.cli.target import connected
from pandadb.services import events

COLUMNS = (
    "id", "state", "def_min_eventid", "def_max_eventid", "datasetid", "event_offset", "error_code",
)  # fmt: skip
Status = Annotated[
    list[str] | None,
    typer.Option(help="A state: ready, sent, finished, failed …; can be repeated."),
]
Task = Annotated[
    int | None, typer.Option("--jeditaskid", parser=task_id, metavar="TASK", help="The task.")
]
Job = Annotated[
    int | None,
    typer.Option(
        "--pandaid",
        parser=whole(0, LARGEST_ID),
        metavar="PANDAID",
        help="The job that has them, or the job set.",
    ),
]
File = Annotated[
    int | None,
    typer.Option("--fileid", parser=whole(0, LARGEST_ID), metavar="FILE", help="The input file."),
]


def list_(
    *,
    jeditaskid: Task = None,
    pandaid: Job = None,
    fileid: File = None,
    status: Status = None,
    limit: Annotated[
        int, typer.Option(parser=whole(1, 100_000), metavar="NUMBER", help="The most ranges.")
    ] = 100,
    after: Annotated[
        str | None, typer.Option(metavar="RANGE", help="The last range of the page before.")
    ] = None,
    json: AsJSON = False,
) -> None:
    """List ranges of events that match all options, page by page.

    Example: pandadb events list --jeditaskid 1000002 --status failed
    """
    chosen = events.RangeFilter(status or None, jeditaskid, pandaid, fileid)
    with connected() as database:
        page = events.find(database, chosen, limit=limit, after=after)
    if json:
        as_json(asdict(page))
        return
    rows = ([plain_text(one[name]) for name in COLUMNS] for one in page.ranges)
    table("Ranges of events", COLUMNS, rows)
    if page.next:
        out.print(f"There are more: --after {page.next}", soft_wrap=True)


def count(
    *,
    jeditaskid: Task = None,
    pandaid: Job = None,
    fileid: File = None,
    status: Status = None,
    json: AsJSON = False,
) -> None:
    """Count ranges of events by state, and those that can be taken.

    Example: pandadb events count --jeditaskid 1000002
    """
    chosen = events.RangeFilter(status or None, jeditaskid, pandaid, fileid)
    with connected() as database:
        counts = events.count(database, chosen)
    if json:
        as_json(asdict(counts))
        return
    table("Ranges of events", ("state", "ranges"), counts.states.items())
    out.print(f"{counts.free:,} can be taken.")
