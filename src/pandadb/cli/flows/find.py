"""`pandadb flows list`, `show` and `graph`: flows looked at."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from pandadb.cli.flows import drawing
from pandadb.cli.options import AsJSON, moment, task_id, whole
from pandadb.cli.output import as_json, out, plain_text, table
from pandadb.cli.target import connected
from pandadb.services import queue

COLUMNS = (
    "jeditaskid", "name", "state", "njobs", "ncompleted", "nrunning", "nfailed", "username",
    "changed_at",
)  # fmt: skip
JOB_COLUMNS = (
    "pandaid", "name", "state", "queue", "currentpriority", "attemptnr", "starttime", "endtime",
)  # fmt: skip
FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
Flow = Annotated[int, typer.Argument(parser=task_id, metavar="FLOW", help="The flow.")]
AsMermaid = Annotated[
    bool, typer.Option("--mermaid", help="Print a flowchart of Mermaid, for documents.")
]


def list_(
    *,
    state: Annotated[
        list[str] | None,
        typer.Option(help="A state: ready, running, failed …; can be repeated."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="PATTERN", help="The name; as in a shell: relax*.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="Their user.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(parser=moment(FORMATS), metavar="TIME", help="Changed since then."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(parser=moment(FORMATS), metavar="TIME", help="Not changed after that."),
    ] = None,
    locked: Annotated[
        bool | None,
        typer.Option("--locked/--unlocked", help="Whether a session has locked them."),
    ] = None,
    limit: Annotated[
        int, typer.Option(parser=whole(1, 100_000), metavar="NUMBER", help="The most flows.")
    ] = 100,
    after: Annotated[
        int | None,
        typer.Option(parser=task_id, metavar="FLOW", help="The last flow of the page before."),
    ] = None,
    number: Annotated[
        bool, typer.Option("--count", help="Print their numbers by state only.")
    ] = False,
    json: AsJSON = False,
) -> None:
    """List flows that match all options, the newest first, page by page.

    Example: pandadb flows list --state running
    """
    chosen = queue.flows.FlowFilter(
        states=state or None, name=name, username=user, since=since, until=until, locked=locked
    )
    if number:
        _print_numbers(chosen, json)
        return
    with connected() as database:
        page = queue.flows.find(
            database, chosen, limit=limit, after=None if after is None else (after, after)
        )
    if json:
        as_json({"flows": page.flows, "next": page.next and page.next[1]})
        return
    rows = ([_cell(name, one[name]) for name in COLUMNS] for one in page.flows)
    table("Flows", COLUMNS, rows)
    if page.next:
        out.print(f"There are more: --after {page.next[1]}", soft_wrap=True)


def _print_numbers(chosen: "queue.flows.FlowFilter", json: bool) -> None:
    with connected() as database:
        found = queue.flows.count(database, chosen)
    as_json(found) if json else table("Flows", ("state", "flows"), found.items())


def _cell(name: str, value: object) -> object:
    """Return a value for a table: an id to copy, a time to the second."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return plain_text(value) if name in ("jeditaskid", "pandaid") else value


def show(flow: Flow, *, json: AsJSON = False) -> None:
    """Show a flow, its state and its jobs.

    Example: pandadb flows show 1000002
    """
    with connected() as database:
        found = queue.flows.get(database, flow)
    if json:
        as_json(asdict(found))
        return
    stopped = ", stopped until it is resumed" if found.flow["is_stopped"] else ""
    title = f"Flow {flow}, {found.flow['name']}: {found.flow['state']}{stopped}"
    rows = ([_cell(name, one[name]) for name in JOB_COLUMNS] for one in found.jobs)
    table(title, JOB_COLUMNS, rows)


def graph(flow: Flow, *, mermaid: AsMermaid = False, json: AsJSON = False) -> None:
    """Draw the jobs of a flow and their dependencies.

    Example: pandadb flows graph 1000002 --mermaid
    """
    with connected() as database:
        found = queue.flows.get(database, flow)
    if json:
        as_json({"jobs": found.jobs, "edges": found.edges})
    elif mermaid:
        out.print(drawing.mermaid(found.jobs, found.edges), markup=False, soft_wrap=True)
    else:
        title = f"Flow {flow}, {found.flow['name']}: {found.flow['state']}"
        out.print(drawing.tree(title, found.jobs, found.edges))
