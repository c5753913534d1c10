"""`pandadb sequence list` and `show`: sequences with records in the database."""

from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from pandadb.cli.options import LARGEST_ID, AsJSON, whole
from pandadb.cli.output import as_json, out, plain_text, table
from pandadb.cli.sequence import drawing
from pandadb.cli.target import opened
from pandadb.services import workflows

COLUMNS = (
    "workflow_id", "name", "state", "username", "nsteps", "nfailed", "start_time", "end_time",
    "check_time",
)  # fmt: skip
STEP_COLUMNS = (
    "step_id", "name", "action", "number", "state", "exit_status", "jobs", "start_time", "end_time",
)  # fmt: skip


class Graph(StrEnum):
    """Languages of graphs."""

    MERMAID = "mermaid"
    DOT = "dot"


def list_(
    *,
    state: Annotated[
        list[str] | None,
        typer.Option(help="running, interrupted, done, failed or cancelled; can be repeated."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="PATTERN", help="The file; as in a shell: my*.txt.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="Their user.")] = None,
    limit: Annotated[
        int, typer.Option(parser=whole(1, 100_000), metavar="NUMBER", help="The most sequences.")
    ] = 100,
    after: Annotated[
        int | None,
        typer.Option(
            parser=whole(1, LARGEST_ID), metavar="SEQUENCE", help="The last of the page before."
        ),
    ] = None,
    json: AsJSON = False,
) -> None:
    """List sequences that match all options, the newest first.

    Example: pandadb sequence list --state running
    """
    chosen = workflows.SequenceFilter(states=state or None, name=name, username=user)
    with opened() as database:
        found = workflows.find(database, chosen, limit=limit, after=after)
    if json:
        as_json([asdict(one) for one in found])
        return
    rows = ([_cell(name, getattr(one, name)) for name in COLUMNS] for one in found)
    table("Sequences", COLUMNS, rows)
    if len(found) == limit:
        out.print(f"There may be more: --after {found[-1].workflow_id}", soft_wrap=True)


def _cell(name: str, value: object) -> object:
    """Return a value for a table: an id to copy, a time to the second, numbers of jobs."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, dict):
        return ", ".join(f"{kind} {number}" for kind, number in value.items())
    return plain_text(value) if name in ("workflow_id", "step_id") else value


def show(
    sequence: Annotated[
        int,
        typer.Argument(parser=whole(1, LARGEST_ID), metavar="SEQUENCE", help="The sequence."),
    ],
    *,
    graph: Annotated[
        Graph | None, typer.Option(help="Print a graph of what ran: mermaid or dot.")
    ] = None,
    output: Annotated[
        bool, typer.Option("--output", help="Also print what the steps have printed.")
    ] = False,
    json: AsJSON = False,
) -> None:
    """Show a sequence and its steps, in the order in which they ran.

    Example: pandadb sequence show 17 --graph mermaid
    """
    with opened() as database:
        run, steps = workflows.get(database, sequence)
    if json:
        as_json({**asdict(run), "steps": [asdict(one) for one in steps]})
        return
    if graph is not None:
        draw = drawing.mermaid if graph is Graph.MERMAID else drawing.dot
        out.print(draw(run, steps), markup=False, soft_wrap=True, highlight=False)
        return
    rows = ([_cell(name, getattr(one, name)) for name in STEP_COLUMNS] for one in steps)
    table(f"Sequence {sequence}, {run.name}: {run.state}", STEP_COLUMNS, rows)
    if run.error:
        out.print(run.error, markup=False, soft_wrap=True)
    for one in steps if output else ():
        out.print(f"--- {one.name}, {one.state}", markup=False)
        out.print(one.output or "", markup=False, soft_wrap=True, highlight=False)
