"""`pandadb worker list`: the workers that the database knows."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from pandadb.cli.options import AsJSON
from pandadb.cli.output import as_json, plain_text, table
from pandadb.cli.target import connected
from pandadb.services import queue

COLUMNS = ("worker", "queues", "slots", "jobs", "state", "seen", "version", "started")


def list_(
    *,
    stopped: Annotated[bool, typer.Option("--stopped", help="Also those that have ended.")] = False,
    json: AsJSON = False,
) -> None:
    """List workers, the newest first, with the jobs that they have.

    A worker that was killed stays in the list: its last sign of life is old.

    Example: pandadb worker list
    """
    with connected() as database:
        found = queue.workers(database, stopped=stopped)
    if json:
        as_json(found)
        return
    now = datetime.now(UTC).replace(tzinfo=None)
    table("Workers", COLUMNS, (_row(one, now) for one in found))


def _row(one: dict[str, Any], now: datetime) -> tuple[Any, ...]:
    state = "stopped" if one["stopped_at"] else "draining" if one["draining"] else "running"
    seen = max(0, round((now - one["last_seen"]).total_seconds()))
    return (
        one["worker_id"], ", ".join(one["queues"]), one["slots"], one["njobs"], state,
        f"{seen:,} s ago", one["version"], plain_text(one["started_at"].replace(microsecond=0)),
    )  # fmt: skip
