"""`pandadb gateway status`: gateways, the queue of their jobs, events that wait."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from pandadb.cli.gateway.settings import Config, settings_of
from pandadb.cli.options import AsJSON, Check
from pandadb.cli.output import as_json, end_of_check, out, table
from pandadb.cli.target import opened
from pandadb.services import gateway

COLUMNS = ("gateway", "state", "broker", "received", "sent", "seen", "version", "last error")


def status(
    *,
    config: Config = None,
    stopped: Annotated[bool, typer.Option("--stopped", help="Also gateways that ended.")] = False,
    check: Check = False,
    json: AsJSON = False,
) -> None:
    """Show the gateways, the queue of reductions, events that wait, and paused instruments.

    Problems are no connected gateway, silent ones, no worker, dead letters, and events that were
    given up.

    Example: pandadb gateway status --check
    """
    settings = settings_of(config)
    with opened(watched=check) as database:
        found = gateway.status(database, settings.reduction.queue)
        listed = gateway.gateways(database, stopped=True) if stopped else found.gateways
    if json:
        shown = [{**asdict(one), "state": one.state} for one in listed]
        as_json({**asdict(found), "gateways": shown, "problems": found.problems})
    else:
        _print(found, listed)
    end_of_check(found.problems, check=check, told=json)


def _print(found: "gateway.GatewayStatus", listed: "list[gateway.Gateway]") -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    table("Gateways", COLUMNS, (_row(one, now) for one in listed))
    depth, events = found.queue, found.events
    waiting = f"{depth.throttled:,} wait for their group, {depth.pending:,} for a time"
    state = f"{depth.ready:,} ready{_since(depth.age)}, {waiting}, {depth.running:,} run"
    lines = [
        f"Queue {depth.queue}: {state}; {depth.workers:,} workers.",
        f"Events: {events.waiting:,} wait{_since(events.age)}, {events.given_up:,} given up.",
        f"Dead letters: {found.dead_letters:,}.",
        f"Paused instruments: {', '.join(found.paused) or 'none'}.",
    ]
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)


def _since(age: float | None) -> str:
    return "" if age is None else f", the oldest for {age:,.0f} s"


def _row(one: "gateway.Gateway", now: datetime) -> tuple[Any, ...]:
    seen = max(0, round((now - one.last_seen).total_seconds()))
    return (
        one.gateway_id, one.state, one.broker, one.received, one.sent, f"{seen:,} s ago",
        one.version, one.last_error,
    )  # fmt: skip
