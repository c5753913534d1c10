"""`pandadb harvester status`, `workers` and `commands`: instances and workers, looked at."""

import json as json_
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from pandadb.cli.jobs.filters import FORMATS, TIME
from pandadb.cli.options import LARGEST_ID, AsJSON, moment, whole
from pandadb.cli.output import as_json, out, plain_text, table
from pandadb.cli.target import connected
from pandadb.services import harvester

if TYPE_CHECKING:
    from pandadb.services.harvester import InstanceState

Instance = Annotated[str, typer.Argument(metavar="HARVESTER", help="The instance.")]
Some = Annotated[
    str | None, typer.Argument(metavar="HARVESTER", help="The instance; all if none is named.")
]
Hours = Annotated[
    int,
    typer.Option(
        parser=whole(1, 876_000), metavar="HOURS", help="Workers that changed in so many hours."
    ),
]
Limit = Annotated[
    int, typer.Option(parser=whole(1, 100_000), metavar="NUMBER", help="The most lines.")
]
COLUMNS = ("harvester", "host", "last heartbeat", "version", "workers", "commands")
WORKER_COLUMNS = (
    "workerid", "status", "computingsite", "batchid", "njobs", "pandaids", "submittime",
    "lastupdate", "diagmessage",
)  # fmt: skip
COMMAND_COLUMNS = ("command_id", "harvester_id", "command", "status", "status_date", "params")


def status(instance: Some = None, *, hours: Hours = 24, json: AsJSON = False) -> None:
    """Show Harvester instances: heartbeats, workers by state, commands; of one also by queue.

    Exit code 1 if the instance is not registered and has no workers.

    Example: pandadb harvester status
    """
    with connected() as database:
        found = harvester.status(database, instance, hours=hours)
    if json:
        as_json([asdict(one) | {"states": one.states} for one in found])
        return
    draw_instances(found)
    for one in found if instance else ():
        rows = [
            (queue or None, state, number)
            for queue, states in sorted(one.counts.items())
            for state, number in sorted(states.items())
        ]
        table("Workers", ("queue", "state", "workers"), rows)


def draw_instances(found: Iterable["InstanceState"]) -> None:
    """Print a line for each instance."""
    table("Harvester", COLUMNS, map(_line, found))


def _line(one: "InstanceState") -> tuple[Any, ...]:
    known = one.instance or {}
    return (
        one.harvester,
        known.get("hostname"),
        plain_text(known.get("lastupdate")),
        known.get("sw_version"),
        _numbers(one.states),
        _numbers(one.commands),
    )


def _numbers(counts: dict[str, int]) -> str | None:
    return ", ".join(f"{number:,} {state}" for state, number in sorted(counts.items())) or None


def workers(
    instance: Instance,
    *,
    status: Annotated[list[str] | None, typer.Option(help="A state; can be repeated.")] = None,
    computingsite: Annotated[str | None, typer.Option(help="The PanDA queue.")] = None,
    computingelement: Annotated[str | None, typer.Option(help="The computing element.")] = None,
    batchid: Annotated[str | None, typer.Option(help="The number in the batch system.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(parser=moment(FORMATS), metavar=TIME, help="The earliest last update, UTC."),
    ] = None,
    limit: Limit = 100,
    before: Annotated[
        int | None,
        typer.Option(
            parser=whole(0, LARGEST_ID),
            metavar="WORKER",
            help="The last worker of the page before.",
        ),
    ] = None,
    json: AsJSON = False,
) -> None:
    """List workers of a Harvester with their jobs, the largest numbers first, page by page.

    Credentials in messages and addresses are masked.

    Example: pandadb harvester workers demo --status running
    """
    chosen = harvester.WorkerFilter(status or None, computingsite, computingelement, batchid, since)
    with connected() as database:
        page = harvester.find_workers(database, instance, chosen, limit=limit, before=before)
    if json:
        as_json(asdict(page))
        return
    lines = ([_shown(one[name]) for name in WORKER_COLUMNS] for one in page.workers)
    table(f"Workers of {escape(instance)}", WORKER_COLUMNS, lines)
    if page.next:
        out.print(f"There are more: --before {page.next}", soft_wrap=True)


def commands(
    instance: Some = None,
    *,
    status: Annotated[str | None, typer.Option(help="new, retrieved or acknowledged.")] = None,
    limit: Limit = 100,
    json: AsJSON = False,
) -> None:
    """List commands to a Harvester, or to all, the newest first; credentials are masked.

    Example: pandadb harvester commands demo --status new
    """
    with connected() as database:
        found = harvester.find_commands(database, instance, status=status, limit=limit)
    if json:
        as_json(found)
        return
    for one in found:
        one["params"] = None if one["params"] is None else json_.dumps(one["params"])
    lines = ([plain_text(one[name]) for name in COMMAND_COLUMNS] for one in found)
    table("Commands", COMMAND_COLUMNS, lines)


def _shown(value: Any) -> str | None:
    return ", ".join(map(str, value)) or None if isinstance(value, list) else plain_text(value)
