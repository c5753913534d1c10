"""Global shares: the tree with targets and use, the order of dispatch, a share with its queues."""

from collections.abc import Iterator

from fastapi import Request
from fastapi.responses import Response

from pandadb.services import shares
from pandadb.web.accounts.roles import pages_for
from pandadb.web.accounts.users import Role
from pandadb.web.rendering import render_section
from pandadb.web.request_state import TheDatabase
from pandadb.web.tables import Column, Row, Table, path_to

reading = pages_for(Role.READER)


def _address(row: Row) -> str | None:
    return path_to("/shares", row["name"])


POWER = (
    Column("target", "Target HS06", "number"),
    Column("executing", "Running HS06", "number"),
    Column("queued", "Queued HS06", "number"),
    Column("used", "Used %", "number"),
)
NONE = "There are no shares: pandadb shares load."
TREE = (
    Column("name", "Share", "code", _address),
    Column("parent", "Below"),
    Column("value", "Value", "number"),
    Column("percent", "% of all", "number"),
    *POWER,
)
RANKS = (Column("place", "Place", "number"), Column("name", "Share", "code", _address), *POWER)
QUEUES = (
    Column("computingsite", "Queue", "text", lambda row: path_to("/sites", row["computingsite"])),
    Column("status", "Status", "state"),
    Column("jobs", "Jobs"),
    Column("executing", "Running HS06", "number"),
    Column("queued", "Queued HS06", "number"),
)


@reading.get("/shares")
def show_tree(request: Request, database: TheDatabase) -> Response:
    """Return the tree of shares, and their order of dispatch."""
    report = shares.tree(database)
    tables = [
        Table("Global shares", TREE, [*_rows(report)], empty=NONE),
        Table(
            "Order of dispatch",
            RANKS,
            [
                {"place": place, "name": name, **_power(power)}
                for place, (name, power) in enumerate(report.ranked().items(), 1)
            ],
            empty="There are no leaves.",
        ),
    ]  # fmt: skip
    problems = [
        f"Share {name!r} has no way to the top: its parent is missing, or is below it."
        for name in report.tree.unreachable
    ]
    return render_section(request, "Global shares", tables, problems=problems)


def _rows(report: shares.TreeReport) -> Iterator[Row]:
    for share in report.tree.root.walk():
        if share is not report.tree.root:
            yield {
                "name": share.name,
                "parent": share.parent,
                "value": share.value,
                "percent": share.percent,
                **_power(report.powers[share.name]),
            }


def _power(power: shares.Power) -> Row:
    return {
        "target": power.target,
        "executing": power.executing,
        "queued": power.queued,
        "used": power.use * 100 if power.target else None,
    }


@reading.get("/shares/{name:path}")
def show_share(request: Request, database: TheDatabase, name: str) -> Response:
    """Return a share with its queues."""
    page = shares.page(database, name)
    facts = {
        "Path": " / ".join(page.path),
        "% of all": page.share.percent,
        "Patterns": [" like ".join(one) for one in page.share.patterns.items()] or None,
        **{column.title: _power(page.power)[column.name] for column in POWER},
    }  # fmt: skip
    rows = [
        {
            "computingsite": one.computingsite,
            "status": one.status,
            "jobs": [f"{number:,} {state}" for state, number in sorted(one.jobs.items())],
            "executing": one.executing,
            "queued": one.queued,
        }
        for one in page.queues
    ]
    queues = Table("Queues", QUEUES, rows, empty="No queue has live jobs of this share.")
    return render_section(request, f"Share {name}", [queues], facts=facts)
