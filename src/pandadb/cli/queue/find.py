"""`pandadb queue list`, `groups list` and `outbox list`: queues, groups and events, looked at."""

from dataclasses import asdict
from typing import Annotated

import typer

from pandadb.cli.options import LARGEST_ID, AsJSON, Check, whole
from pandadb.cli.output import as_json, end_of_check, out, plain_text, table
from pandadb.cli.target import connected, opened
from pandadb.services import queue

QUEUE_COLUMNS = (
    "queue", "ready", "age (s)", "pending", "next due", "throttled", "running", "workers", "slots"
)  # fmt: skip
GROUP_COLUMNS = ("group", "limit", "with a place", "waiting")
EVENT_COLUMNS = ("event", "kind", "job", "state", "created", "attempts", "next attempt", "error")
MAX_EVENTS = 100_000


def list_(*, check: Check = False, json: AsJSON = False) -> None:
    """List queues that have jobs or workers: how many wait and run, and since when.

    The age is that of the oldest job that a worker could take. Problems are queues without workers,
    expired leases, and events that could not be sent.

    Example: pandadb queue list --check
    """
    with opened(watched=check) as database:
        found, problems = queue.queues(database), queue.problems(database)
    if json:
        as_json({"queues": [asdict(one) for one in found], "problems": problems})
    else:
        _print(found)
    end_of_check(problems, check=check, told=json)


def _print(found: "list[queue.QueueDepth]") -> None:
    rows = (
        (one.queue, one.ready, one.age, one.pending, plain_text(one.next_time), one.throttled,
         one.running, one.workers, one.slots) for one in found
    )  # fmt: skip
    table("Queues", QUEUE_COLUMNS, rows)


def groups_(
    group: Annotated[
        str | None, typer.Argument(metavar="[GROUP]", help="The group; default: all.")
    ] = None,
    *,
    json: AsJSON = False,
) -> None:
    """List groups with their limits, and how many of their jobs have a place and wait for one.

    Example: pandadb queue groups list
    """
    with connected() as database:
        found = queue.groups(database, group)
    if json:
        as_json([asdict(one) for one in found])
        return
    rows = ((one.group_key, one.max_running, one.admitted, one.waiting) for one in found)
    table("Groups", GROUP_COLUMNS, rows)


def events_(
    *,
    state: Annotated[
        str | None, typer.Option(help="A state: waiting, sent, or 'given up'.")
    ] = None,
    limit: Annotated[
        int, typer.Option(parser=whole(1, MAX_EVENTS), metavar="NUMBER", help="The most events.")
    ] = 100,
    after: Annotated[
        int,
        typer.Option(
            parser=whole(0, LARGEST_ID), metavar="EVENT", help="The last event of the page before."
        ),
    ] = 0,
    json: AsJSON = False,
) -> None:
    """List events of the outbox in their order, page by page.

    Example: pandadb queue outbox list --state waiting
    """
    with connected() as database:
        found = queue.events(database, state, limit=limit, after=after)
    if json:
        as_json([{**asdict(one), "state": one.state} for one in found])
        return
    rows = (
        (plain_text(one.event_id), one.kind, plain_text(one.pandaid), one.state,
         plain_text(one.created_at.replace(microsecond=0)), one.attempts,
         plain_text(one.retry_after), one.last_error) for one in found
    )  # fmt: skip
    table("Outbox", EVENT_COLUMNS, rows)
    if len(found) == limit:
        out.print(f"There may be more: --after {found[-1].event_id}", soft_wrap=True)
