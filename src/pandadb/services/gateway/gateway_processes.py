"""Gateways: registered, heard of, listed; and all about them at a glance."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from pandadb.core.gateway import dead_letters, gateway_processes, instruments
from pandadb.core.queue.upkeep.summaries import QueueDepth, queues
from pandadb.core.sql.validation import check_text
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from pandadb.core.gateway.gateway_processes import Gateway, Sign, WaitingEvents
    from pandadb.database import Database


@dataclass(frozen=True)
class GatewayStatus:
    """All about the gateways of a database."""

    gateways: list[Gateway]
    """Those that have not ended."""
    queue: QueueDepth
    """The queue of the reductions."""
    events: WaitingEvents
    dead_letters: int
    """Dead letters that were not replayed."""
    paused: list[str]
    """Instruments that are paused."""

    @property
    def problems(self) -> list[str]:
        """Return a sentence for each problem that needs a person, with the remedy."""
        silent = [one.gateway_id for one in self.gateways if one.state == "silent"]
        depth, given_up = self.queue, self.events.given_up
        found = (
            (
                not any(one.state == "connected" for one in self.gateways),
                "No gateway is connected: pandadb gateway run",
            ),
            (bool(silent), f"Gateways are silent, or were killed: {', '.join(silent)}"),
            (
                bool(depth.ready and not depth.workers),
                f"Jobs wait, and no worker runs: pandadb worker run --queue {depth.queue}",
            ),
            (
                bool(given_up),
                f"Events were given up: {given_up}; pandadb queue outbox list --state 'given up'",
            ),
            (
                bool(self.dead_letters),
                f"Dead letters wait: {self.dead_letters}; pandadb gateway dead list",
            ),
        )
        return [sentence for is_so, sentence in found if is_so]


def register(
    database: Database, gateway_id: str, source: str, options: VerbOptions = DEFAULT_OPTIONS
) -> None:
    """Register this process as a gateway that begins.

    Raises:
        InvalidValue: The id is no text.
    """
    check_text("gateway_id", gateway_id)
    with transaction(database, options) as connection:
        gateway_processes.register(
            connection, gateway_id, source=source, host=options.host, pid=os.getpid(),
            version=version("pandadb"),
        )  # fmt: skip


def note_sign(database: Database, gateway_id: str, sign: Sign) -> None:
    """Note a sign of life of a gateway, or its end."""
    with database.transaction() as connection:
        gateway_processes.note_sign(connection, gateway_id, sign)


def gateways(database: Database, *, stopped: bool = False) -> list[Gateway]:
    """Return gateways, the newest first; with `stopped` also those that have ended."""
    with database.transaction() as connection:
        return gateway_processes.listed(connection, stopped=stopped)


def status(database: Database, queue: str) -> GatewayStatus:
    """Return all about the gateways, and the queue of their jobs."""
    with database.transaction() as connection:
        depths = {one.queue: one for one in queues(connection)}
        return GatewayStatus(
            gateway_processes.listed(connection),
            depths.get(queue, QueueDepth(queue)),
            gateway_processes.waiting_events(connection),
            dead_letters.number(connection),
            [one.name for one in instruments.listed(connection) if one.is_paused],
        )
