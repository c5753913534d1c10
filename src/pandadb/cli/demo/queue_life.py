"""The queue in `pandadb demo`: the flow, the cancelled program, the mail, the jobs that wait."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pandadb.cli.output import out, plain_text, table
from pandadb.demo import queue_life

if TYPE_CHECKING:
    from pandadb.demo.queue_life import QueueLife


def show(lived: QueueLife) -> None:
    """Print the result of the queue."""
    first = min(one.began for one in lived.flow.values())
    rows = [
        (
            name,
            " and ".join(queue_life.PARENTS[name]) or None,
            plain_text(one.pandaid),
            (one.began - first).total_seconds(),
            (one.ended - first).total_seconds(),
            one.state,
        )
        for name, one in lived.flow.items()
    ]
    columns = ("job", "waits for", "PandaID", "began (s)", "ended (s)", "state")
    title = (
        f"Flow {lived.jeditaskid} in the queue {queue_life.QUEUE}, by {queue_life.WORKERS} workers"
    )
    table(title, columns, rows)
    gone = lived.cancelled
    lines = (
        f"Job {gone.pandaid} ran sleep 60 and is {gone.state}: its worker ended the program.",
        f"Outbox: a mail, “{lived.subject}”, is in {lived.mail}",
        f"{len(lived.waiting)} jobs wait in the queue {queue_life.QUEUE} for a worker.",
    )
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)


def as_dict(lived: QueueLife) -> dict[str, Any]:
    """Return the result for --json."""
    return asdict(lived)
