"""Messages of a real broker: acknowledged after the COMMIT, held, tried again, or buried."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pandadb.database import DatabaseUnreachable
from pandadb.services import gateway, queue
from tests.gateway.brokers import Broker, coilmq, connected, post, received
from tests.gateway.gateway_threads import Receiver, running, settings_of
from tests.worker.payloads import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.database import Database
    from pandadb.gateway.settings import GatewaySettings

pytestmark = pytest.mark.any_server
READY, ERRORS = "/queue/DataReady", "/queue/ReductionError"


@pytest.fixture
def broker() -> Iterator[Broker]:
    with coilmq() as started:
        yield started


@pytest.fixture
def settings(broker: Broker, tmp_path: Path) -> GatewaySettings:
    """The settings of a gateway whose instrument WISH has a script and data."""
    scripts = tmp_path / "isis/NDXWISH/user/scripts/autoreduction"
    scripts.mkdir(parents=True)
    (scripts / "reduce.py").write_text("def main(input_file, output_dir):\n    pass\n")
    (scripts / "reduce_vars.py").write_text("standard_vars = {}\nadvanced_vars = {}\n")
    (tmp_path / "isis/NDXWISH/raw.nxs").write_text("raw")
    return settings_of(broker, folders={"root": str(tmp_path)})


def message(settings: GatewaySettings, run: Any = 1, **changed: Any) -> dict[str, Any]:
    return {
        "data": str(settings.folders.root / "isis/NDXWISH/raw.nxs"),
        "facility": "ISIS",
        "instrument": "WISH",
        "rb_number": 1234567,
        "run_number": run,
        "started_by": -1,
        **changed,
    }


def jobs(database: Database) -> int:
    return sum(one.ready + one.throttled for one in queue.queues(database))


def test_a_message_is_acknowledged_when_its_job_is_committed(
    database: Database, broker: Broker, settings: GatewaySettings
) -> None:
    post(broker, READY, message(settings), priority="7")
    with running(database, settings) as loop:
        until(lambda: loop.activity.received)
        (seen,) = gateway.gateways(database)
        until(lambda: gateway.gateways(database)[0].state == "connected")
    (run,) = gateway.list_runs(database)
    assert (run.status, run.run_number, jobs(database)) == ("Queued", 1, 1)
    with connected(broker, READY) as listener:
        assert listener.next_message(0.3) is None
    (seen,) = gateway.gateways(database, stopped=True)
    assert (seen.state, seen.received) == ("stopped", 1)


@pytest.mark.slow
def test_a_message_is_held_while_the_database_is_away(
    database: Database, broker: Broker, settings: GatewaySettings
) -> None:
    receiver = Receiver(*[DatabaseUnreachable("away") for _ in range(7)])
    post(broker, READY, {"n": 1})
    with running(database, settings, receive=receiver) as loop:
        until(lambda: loop.activity.received)
    assert len(receiver.deliveries) == 8
    assert gateway.dead_letters(database) == []


def test_a_gateway_that_ends_gives_back_the_message_that_it_holds(
    database: Database, broker: Broker, settings: GatewaySettings
) -> None:
    receiver = Receiver(*[DatabaseUnreachable("away") for _ in range(1000)])
    post(broker, READY, {"n": 1})
    with running(database, settings, receive=receiver):
        until(lambda: receiver.deliveries)
    with connected(broker, READY) as listener:
        assert [one.body for one in received(listener, 1)] == [b'{"n": 1}']


@pytest.mark.slow
def test_a_poisonous_message_becomes_a_dead_letter_and_the_next_goes_on(
    database: Database, broker: Broker, settings: GatewaySettings
) -> None:
    receiver = Receiver(*[RuntimeError("a defect of ours") for _ in range(5)])
    post(broker, READY, {"n": 1}, {"n": 2})
    with (
        running(database, settings, receive=receiver) as loop,
        connected(broker, ERRORS) as listener,
    ):
        (event,) = received(listener, 1)
        until(lambda: loop.activity.received == 2)
    assert "a defect of ours" in json.loads(event.body)["message"]
    (letter,) = gateway.dead_letters(database)
    assert (letter.deliveries, letter.destination) == (5, READY)
    assert gateway.dead_letter(database, letter.dead_letter_id).body == b'{"n": 1}'
    assert [one.body for one in receiver.deliveries] == [b'{"n": 1}'] * 5 + [b'{"n": 2}']


HOSTILE = {
    "large": b'{"data": "' + b"x" * 1_100_000 + b'"}',
    "no JSON": b'{"data": ',
    "no UTF-8": b'{"data": "\xff\xfe"}',
    "NUL": b'\0{"data": "a\\u0000b"}\0',
    "many keys": json.dumps(dict.fromkeys(map(str, range(10_000)))).encode(),
    "nothing": b"",
    "a list": b"[1]",
    "deep": b"[" * 100_000,
}


def test_hostile_messages_give_an_event_each_and_the_gateway_goes_on(
    database: Database, broker: Broker, settings: GatewaySettings
) -> None:
    outside = message(settings, data=str(settings.folders.root / "isis/NDXWISH/../../etc/passwd"))
    bad = [*HOSTILE.values(), outside, message(settings, rb_number="calibration")]
    limited = settings.model_copy(update={"max_body": 1_000_000})
    with (
        connected(broker, ERRORS, "/queue/ReductionSkipped") as listener,
        running(database, limited) as loop,
    ):
        post(broker, READY, *bad, message(settings))
        events = received(listener, len(bad), seconds=60)
        until(lambda: loop.activity.received == len(bad) + 1)
    reasons = [json.loads(one.body)["message"] for one in events]
    assert len(reasons) == len(bad)
    assert all(reasons)
    assert [one.destination for one in events].count("/queue/ReductionSkipped") <= 1
    assert jobs(database) == 1


KILLED = """
import os, signal, sys
from pandadb.database import Database
from pandadb.gateway.broker.gateway_loop import GatewayLoop
from pandadb.gateway.intake import receive_all
from pandadb.gateway.settings import GatewaySettings

def commit_and_die(database, settings, deliveries):
    list(receive_all(database, settings, deliveries))
    os.kill(os.getpid(), signal.SIGKILL)

with Database(sys.argv[1]) as database:
    settings = GatewaySettings.model_validate_json(sys.argv[2])
    GatewayLoop(database, settings, receive=commit_and_die).run()
"""


@pytest.mark.slow
def test_31_a_gateway_killed_between_insert_and_ack_leaves_one_job(
    database: Database, database_url: str, broker: Broker, settings: GatewaySettings
) -> None:
    post(broker, READY, message(settings))
    program = [sys.executable, "-c", KILLED, database_url, settings.model_dump_json()]
    assert subprocess.run(program, check=False, timeout=60).returncode == -9
    assert jobs(database) == 1
    with running(database, settings) as loop:
        until(lambda: loop.activity.received)
        time.sleep(0.2)
    assert (jobs(database), loop.activity.received) == (1, 1)
    with connected(broker, READY) as listener:
        assert listener.next_message(0.3) is None
