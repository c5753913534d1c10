"""A gateway while its database, and its broker, are away: it waits, and goes on."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from pandadb.database import Database
from pandadb.services import gateway, schema
from tests.gateway.brokers import coilmq, connected, post, received
from tests.gateway.gateway_threads import put_event, running
from tests.gateway.instrument_runs import COMPLETE, READY, message, wish
from tests.servers import mortal_server
from tests.worker.payloads import until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.any_server, pytest.mark.slow]


def test_a_database_that_was_killed_costs_no_message_and_no_event(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    choice = request.config.getoption("--postgres")
    with ExitStack() as stack:
        server = stack.enter_context(mortal_server("" if "://" in choice else choice))
        database = stack.enter_context(Database(server.url()))
        schema.upgrade(database)
        broker = stack.enter_context(coilmq())
        settings = wish(broker, tmp_path)
        listener = stack.enter_context(connected(broker, COMPLETE))
        loop = stack.enter_context(running(database, settings))
        until(lambda: loop.activity.broker)

        server.kill()
        post(broker, READY, *(message(settings, run) for run in (1, 2, 3)))
        assert listener.next_message(1) is None
        assert loop.activity.received == 0
        server.revive()

        until(lambda: loop.activity.received == 3)
        runs = gateway.list_runs(database)
        assert sorted(one.run_number for one in runs) == [1, 2, 3]
        put_event(database, COMPLETE, {"run_number": 1})
        assert len(received(listener, 1)) == 1
        broker.kill()
        put_event(database, COMPLETE, {"run_number": 2})
        broker.start()
        second = stack.enter_context(connected(broker, COMPLETE))
        assert len(received(second, 1)) == 1
        until(lambda: loop.activity.broker)
