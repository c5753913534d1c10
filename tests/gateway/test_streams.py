"""Many messages, several gateways and workers: nothing is lost, nothing doubled, RB by RB."""

from __future__ import annotations

import json
import signal
from collections import Counter
from contextlib import ExitStack
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from pandadb.gateway.broker.connection import BrokerConnection
from pandadb.gateway.broker.frames import BrokerLost
from pandadb.services import gateway, queue
from tests.gateway.brokers import Broker, activemq, coilmq, post
from tests.gateway.gateway_threads import running
from tests.gateway.instrument_runs import (
    COMPLETE,
    ERRORS,
    READY,
    STARTED,
    gateway_process,
    message,
    reducing_workers,
    wish,
    written,
)
from tests.worker.payloads import until

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.database import Database

pytestmark = [pytest.mark.any_server, pytest.mark.slow]

TIMED = """
import os, time

def main(input_file, output_dir):
    began = time.time()
    time.sleep(0.3)
    run = os.path.basename(os.path.dirname(output_dir.rstrip("/")))
    with open({log!r}, "a") as log:
        log.write(f"{{web_var.standard_vars['rb']}} {{web_var.standard_vars['run']}} "
                  f"{{began}} {{time.time()}}\\n")
"""


def numbered(settings: Any, run: int, rb_number: int) -> dict[str, Any]:
    """Return a message whose script knows its run and its RB number."""
    words = {"standard_vars": {"rb": rb_number, "run": run}, "advanced_vars": {}}
    return message(settings, run, rb_number=rb_number, reduction_arguments=words)


def test_30_runs_of_an_rb_number_are_reduced_one_by_one_in_order_and_others_are_not_delayed(
    database: Database, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with coilmq() as broker:
        settings = wish(broker, tmp_path, TIMED.format(log=str(log)))
        with (
            running(database, settings),
            running(database, settings),
            reducing_workers(database, tmp_path, 4),
        ):
            until(lambda: len(queue.workers(database)) == 4)
            for place, run in enumerate([11, 21, 12, 22, 13, 23]):
                post(broker, READY, numbered(settings, run, 1_000_000 + run // 10))
                until(lambda place=place: len(gateway.list_runs(database)) == place + 1)  # type: ignore[misc]
            until(lambda: {one.status for one in gateway.list_runs(database)} == {"Completed"})
    lines = sorted(line.split() for line in log.read_text().splitlines())
    assert [int(line[1]) for line in lines] == [11, 12, 13, 21, 22, 23]
    times = {int(line[1]): (float(line[2]), float(line[3])) for line in lines}
    for runs in ((11, 12, 13), (21, 22, 23)):
        for earlier, later in pairwise(runs):
            assert times[earlier][1] <= times[later][0]
    assert times[21][0] < times[12][1]


COUNTED = """
def main(input_file, output_dir):
    with open({log!r}, "a") as log:
        log.write(f"{{web_var.standard_vars['run']}}\\n")
"""


class Heard:
    """Events that a client has heard of, over lost connections."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._link: BrokerConnection | None = None
        self.events: dict[str, tuple[str, int]] = {}
        """Queue and run of each event by its id: one that came twice is the same."""

    def hear(self) -> int:
        """Hear of events for a while; return how many there are so far."""
        try:
            if self._link is None:
                self._link = BrokerConnection(self._broker.settings())
                self._link.connect()
                for one in (STARTED, COMPLETE, ERRORS):
                    self._link.subscribe(one)
            while (found := self._link.next_message(0.5)) is not None:
                assert found.destination != ERRORS, found.body
                run = json.loads(found.body)["run_number"]
                self.events[found.headers["dedupe-id"]] = (found.destination, int(run))
                self._link.acknowledge(found)
        except BrokerLost:
            self.close()
        return len(self.events)

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None


def test_a_broker_and_a_gateway_killed_in_mid_stream_lose_and_double_nothing(
    database: Database, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    number = 1000 if request.config.getoption("--thorough") else 24
    log = tmp_path / "log"
    with activemq() as broker, ExitStack() as stack:
        settings = wish(broker, tmp_path, COUNTED.format(log=str(log)))
        config = written(settings, tmp_path)
        stack.enter_context(reducing_workers(database, tmp_path, 4))
        first, second = (gateway_process(database, config) for _ in range(2))
        heard = Heard(broker)
        messages = [numbered(settings, run, 1_000_000 + run % 7) for run in range(1, number + 1)]
        post(broker, READY, *messages[: number // 2])
        until(lambda: heard.hear() >= number // 4, 200)
        broker.kill()
        broker.start()
        first.kill()
        third = gateway_process(database, config)
        until(lambda: len(gateway.gateways(database)) == 3, 200)
        post(broker, READY, *messages[number // 2 :])
        until(lambda: heard.hear() >= 2 * number, 200 + 2 * number)
        heard.hear()
        heard.close()
        processes = (first, second, third)
        for process in (second, third):
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [-9, 0, 0]
    assert all(json.loads(line) for line in (tmp_path / "gateway.log").read_text().splitlines())
    wanted = {(place, run): 1 for run in range(1, number + 1) for place in (STARTED, COMPLETE)}
    assert Counter(heard.events.values()) == wanted
    assert sorted(map(int, log.read_text().split())) == [*range(1, number + 1)]
    assert len(gateway.list_runs(database, limit=10_000)) == number
