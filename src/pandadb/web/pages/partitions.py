"""Partitions: those of each table, rows in DEFAULT partitions, and the next steps."""

from fastapi import Request
from fastapi.responses import Response

from pandadb.services import partitions
from pandadb.web.accounts.roles import pages_for
from pandadb.web.accounts.users import Role
from pandadb.web.pages.run_table import run_table
from pandadb.web.rendering import render_section
from pandadb.web.request_state import Options, Recent, TheDatabase, read_coverage
from pandadb.web.tables import Column, Table, rows_of

reading = pages_for(Role.READER)

COVERAGE = (
    Column("table", "Table", "code"),
    Column("interval", "Interval"),
    Column("retention", "Kept"),
    Column("then", "Then"),
    Column("partitions", "Partitions", "number"),
    Column("ahead", "Ahead", "number"),
    Column("first", "From"),
    Column("last", "To"),
    Column("stray", "In DEFAULT", "number"),
    Column("megabytes", "MB", "number"),
)
STEPS = (
    Column("do", "Do"),
    Column("table", "Table", "code"),
    Column("partition", "Partition", "code"),
    Column("rows", "Rows", "number"),
    Column("why", "Why"),
)


@reading.get("/partitions")
def show_partitions(
    request: Request, database: TheDatabase, options: Options, recent: Recent
) -> Response:
    """Return the partitions of all tables, and the steps of the next run."""
    found, failed = read_coverage(request)
    steps = recent.get("steps", lambda: partitions.plan(database, options.policies, failed=[]))
    rows = [{**row, "megabytes": row["bytes"] / 1_000_000} for row in rows_of(found.tables)]
    tables = [
        Table("Partitions", COVERAGE, rows, empty="No table has a policy."),
        Table("Next steps", STEPS, rows_of(steps), empty="There is nothing to create or drop."),
        run_table(found.runs, "No run is known: pandadb partitions maintain."),
    ]
    problems = [*found.problems, *(f"{one.unit}: {one.why}" for one in failed)]
    return render_section(request, "Partitions", tables, problems=problems)
