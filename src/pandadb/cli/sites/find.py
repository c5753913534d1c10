"""`pandadb sites list`, `show`, `history` and `candidates`: sites, looked up."""

import sys
from collections import Counter
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from pandadb.cli.jobs.filters import FORMATS, TIME
from pandadb.cli.options import LARGEST_ID, AsJSON, Check, job_name, moment, whole
from pandadb.cli.output import WRONG, as_json, out, plain_text, table
from pandadb.cli.target import connected
from pandadb.services import selection, sites

COLUMNS = (
    "site_name", "role", "tier_level", "panda_sites", "endpoints", "excluded", "space_free",
)  # fmt: skip
CHANGE_COLUMNS = (
    "change_id", "changed_at", "table_name", "row_key", "kind", "row_before", "row_after",
)  # fmt: skip
SECTIONS = {
    "panda_sites": ("PanDA sites", ("panda_site_name", "site_name")),
    "endpoints": (
        "Endpoints",
        ("ddm_endpoint_name", "type", "is_tape", "blacklisted_write", "blacklisted_read",
         "space_total", "space_free", "space_timestamp"),
    ),
    "relations": (
        "Relations",
        ("panda_site_name", "ddm_endpoint_name", "scope", "roles", "order_read", "order_write"),
    ),
    "stats": ("Figures", ("key", "value", "ts")),
}  # fmt: skip
FIELDS = ("status", "type", "capability", "corecount", "maxrss", "maxwdir", "maxtime")
"""Fields of a queue that are shown."""


def list_(
    *,
    role: Annotated[str | None, typer.Option(help="nucleus or satellite.")] = None,
    json: AsJSON = False,
) -> None:
    """List the sites with their numbers of PanDA sites and endpoints, and their free space in GB.

    Example: pandadb sites list --role nucleus
    """
    with connected() as database:
        found = sites.find(database, role=role)
    if json:
        as_json(found)
        return
    table("Sites", COLUMNS, ([_number(one[name]) for name in COLUMNS] for one in found))


def show(
    name: Annotated[str, typer.Argument(metavar="SITE|QUEUE", help="A site or a PanDA queue.")],
    json: AsJSON = False,
) -> None:
    """Show a site or a queue with its PanDA sites, endpoints, relations, queues and figures.

    Exit code 1 if there is none. --json has all columns, tags and the whole of each queue.

    Example: pandadb sites show ALPINE-01
    """
    with connected() as database:
        found = sites.get(database, name)
    if json:
        as_json(found)
        return
    if found["site"]:
        values = ((column, plain_text(value)) for column, value in found["site"].items())
        table(f"Site {name}", ("column", "value"), values)
    if found["queues"]:
        heads = ("queue", *FIELDS, "last_update")
        table("Queues", heads, (_queue(one) for one in found["queues"]))
    for section, (title, columns) in SECTIONS.items():
        if found[section]:
            rows = ([plain_text(one[column]) for column in columns] for one in found[section])
            table(title, columns, rows)


def history(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A site, an endpoint or a queue; default: all."),
    ] = None,
    *,
    in_table: Annotated[str | None, typer.Option("--table", help="A table.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(parser=moment(FORMATS), metavar=TIME, help="The earliest change, UTC."),
    ] = None,
    limit: Annotated[
        int, typer.Option(parser=whole(1, 100_000), metavar="NUMBER", help="The most changes.")
    ] = 100,
    before: Annotated[
        int | None,
        typer.Option(
            parser=whole(0, LARGEST_ID),
            metavar="CHANGE",
            help="The last change of the page before.",
        ),
    ] = None,
    json: AsJSON = False,
) -> None:
    """Show the rows that loads have added, changed and removed, the newest first, in pages.

    Example: pandadb sites history ALPINE-01_UCORE
    """
    with connected() as database:
        page = sites.history(
            database, name, table=in_table, since=since, limit=limit, before=before
        )
    if json:
        as_json(asdict(page))
        return
    rows = ([plain_text(one[column]) for column in CHANGE_COLUMNS] for one in page.changes)
    table("History", CHANGE_COLUMNS, rows)
    if page.next:
        out.print(f"There are more: --before {page.next}", soft_wrap=True)


def candidates(
    pandaid: Annotated[str, typer.Argument(parser=job_name, metavar="JOB", help="The job.")],
    *,
    check: Check = False,
    json: AsJSON = False,
) -> None:
    """Show the queues that can run a job, and for each other queue the first reason why not.

    Exit code 1 if there is no such job, and with --check if no queue can run it.

    Example: pandadb sites candidates 4900000001
    """
    with connected() as database:
        (number,) = selection.pandaids(database, [pandaid])
        found = sites.candidates(database, number)
    fitting = [one for one in found if one.reason is None]
    if json:
        as_json([asdict(one) for one in found])
    else:
        table(f"Queues for job {number}", ("queue", "site"), ((o.queue, o.site) for o in fitting))
        others = [one for one in found if one.reason is not None]
        rows = ((one.queue, one.site, one.reason, f"It {one.text}.") for one in others)
        table("Other queues", ("queue", "site", "reason", "why"), rows)
        reasons = Counter(str(one.reason) for one in others)
        counts = ", ".join(f"{number} {reason}" for reason, number in reasons.most_common())
        out.print(f"{len(fitting):,} of {len(found):,} can run it; the others: {counts or '-'}.")
    if check and not fitting:
        sys.exit(WRONG)


def _queue(row: dict[str, Any]) -> list[str | None]:
    facts = row["data"] if isinstance(row["data"], dict) else {}
    values = [row["panda_queue"], *(facts.get(field) for field in FIELDS), row["last_update"]]
    return [plain_text(value) for value in values]


def _number(value: Any) -> Any:
    """Return a value as the table shows it: a sum of PostgreSQL is a Decimal."""
    return value if value is None or isinstance(value, str) else int(value)
