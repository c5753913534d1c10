"""`pandadb stats status` and `sites`: the age of statistics, and jobs by site and state."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from pandadb.cli.options import AsJSON, Check, whole
from pandadb.cli.output import as_json, end_of_check, note, table
from pandadb.cli.target import opened
from pandadb.services import statistics

LONGEST = 72
"""Hours; jobs stay in JOBSARCHIVED4 for three days at least."""


def status(*, check: Check = False, json: AsJSON = False) -> None:
    """Report the last refresh of each table of statistics, by whichever scheduler, and problems.

    Example: pandadb stats status --check
    """
    with opened(watched=check) as database:
        found = statistics.status(database)
    if json:
        tables = [
            {**one.last._asdict(), "age": one.age, "every": one.every} for one in found.tables
        ]
        as_json({"tables": tables, "problems": found.problems})
    else:
        columns = ("table", "refreshed", "age in s", "every s", "rows", "ms")
        rows = [
            (
                one.last.name,
                one.last.refreshed_at and f"{one.last.refreshed_at:%Y-%m-%d %H:%M:%S}",
                None if one.age is None else round(one.age),
                one.every,
                one.last.row_count,
                one.last.took_ms,
            )
            for one in found.tables
        ]
        table("Statistics", columns, rows)
    end_of_check(found.problems, check=check, told=json)


def sites(
    *,
    hours: Annotated[
        int,
        typer.Option(parser=whole(1, LONGEST), metavar="HOURS", help="Jobs that ended in these."),
    ] = 24,
    json: AsJSON = False,
) -> None:
    """Count jobs by site and state: live ones, and those that ended in the last hours.

    Jobs in JOBSACTIVE4 are those of the last refresh.

    Example: pandadb stats sites --hours 6
    """
    with opened() as database:
        found = statistics.site_states(database, timedelta(hours=hours))
    if json:
        as_json({**asdict(found), "jobs": [one._asdict() for one in found.jobs]})
        return
    table("Jobs by site and state", ("site", "state", "jobs"), found.jobs)
    if found.counted_at is None:
        note("Active jobs were never counted: pandadb stats refresh")
