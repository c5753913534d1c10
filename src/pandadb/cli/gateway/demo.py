"""`pandadb gateway demo`: a broker, a gateway and a worker on this machine."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING

from pandadb import config
from pandadb import database as databases
from pandadb.cli.options import AsJSON
from pandadb.cli.output import as_json, err, out
from pandadb.demo import gateway_life
from pandadb.services import schema

if TYPE_CHECKING:
    from pandadb.demo.gateway_life import GatewayEvent


def demo(*, json: AsJSON = False) -> None:
    """Run a broker, a gateway, a worker and a script; send messages, and print each event.

    The database is the embedded PostgreSQL in your data folder, whatever PANDADB_URL is; the broker
    is coilmq, on a free port, and has its messages in memory. Two of the runs have one RB number:
    they are reduced one after the other.

    Example: pandadb gateway demo
    """
    folder = config.load_settings().data_dir / "gateway"
    with (
        err.status("starting a private PostgreSQL") as status,
        databases.Database.private() as database,
    ):
        schema.upgrade(database)
        logging.getLogger("pandadb.gateway").setLevel(logging.ERROR)  # events are the same
        status.stop()
        events = gateway_life.run_gateway(database, folder, _ignore if json else _print)
        if json:
            as_json([asdict(one) for one in events])
            return
    for one in events:
        if one.queue == "ReductionComplete":
            out.print(f"Result of {one.run}: {one.result[0]}", markup=False, soft_wrap=True)


def _print(event: GatewayEvent) -> None:
    tail = f": {event.message}" if event.message else ""
    line = f"{event.seconds:6.2f} s  {event.queue:18} {event.run}{tail}"
    out.print(line, markup=False, soft_wrap=True)


def _ignore(_event: GatewayEvent) -> None:
    pass
