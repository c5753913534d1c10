"""The gateway in the demo: a broker, a gateway, a worker, and a script that reduces runs."""

from __future__ import annotations

import json
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pandadb.demo.demo_broker import demo_broker
from pandadb.gateway.broker.connection import BrokerConnection
from pandadb.gateway.broker.gateway_loop import GatewayLoop
from pandadb.gateway.settings import GatewaySettings
from pandadb.worker.handlers import registry
from pandadb.worker.worker_loop import WorkerLoop
from pandadb.worker.worker_options import WorkerOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pandadb.database import Database

HANDLERS = "pandadb.gateway.reduction.handlers"
QUEUE = "gateway-demo"
INSTRUMENT = "DEMO"
SLOTS = 2
LONGEST = 60.0
"""Seconds that all events may take."""
FINAL = ("ReductionComplete", "ReductionError", "ReductionSkipped")
SCRIPT = '''"""The demo's reduction: the sum of the numbers in a file. The gateway sets web_var."""

import os


def main(input_file, output_dir):
    with open(input_file) as data:
        numbers = [float(line) for line in data]
    total = web_var.standard_vars["factor"] * sum(numbers)
    print("the sum is", total)
    with open(os.path.join(output_dir, "sum.txt"), "w") as result:
        result.write(f"{total}\\n")
'''
VARIABLES = '"""Variables of the demo."""\n\nstandard_vars = {"factor": 2}\nadvanced_vars = {}\n'
DATA = {"101": "1\n2\n", "102": "3\n4\n", "103": "no number\n"}


class GatewayStuck(RuntimeError):
    """The events of the demo have not all come; it is a defect."""


@dataclass(frozen=True)
class GatewayEvent:
    """An event, as it came from the broker."""

    seconds: float
    """Since the first message."""
    queue: str
    run: str
    """RB number, run and version, as far as the message has them."""
    message: str | None
    """The error, or the reason why it was skipped."""
    result: list[str]
    """The folders of the result."""


def run_gateway(
    database: Database, folder: Path, on_event: Callable[[GatewayEvent], None]
) -> list[GatewayEvent]:
    """Send five messages, and hear of their ends; `on_event` is called with each event as it comes.

    The runs 101 and 102 have one RB number, so that they are reduced one after the other. The data
    of 103 are no numbers; the fourth message has no run number; the last is of no RB number.

    Raises:
        GatewayStuck: They have not ended in time.
        StompMissing: The extra `stomp` is not installed.
    """
    with ExitStack() as stack:
        url = stack.enter_context(demo_broker())
        settings = _settings(folder, url)
        link = stack.enter_context(_listening(settings))
        stack.enter_context(_working(database, folder / "jobs"))
        stack.enter_context(_gateway(database, settings))
        return _events(link, _messages(folder), on_event)


def _settings(folder: Path, url: str) -> GatewaySettings:
    """Return settings for a folder, with a script and data in it."""
    place = folder / f"isis/NDX{INSTRUMENT}"
    scripts = place / "user/scripts/autoreduction"
    scripts.mkdir(parents=True, exist_ok=True)
    files = {scripts / "reduce.py": SCRIPT, scripts / "reduce_vars.py": VARIABLES}
    for file, text in {
        **files,
        **{place / f"{run}.txt": text for run, text in DATA.items()},
    }.items():
        file.write_text(text)
    return GatewaySettings.model_validate(
        {
            "source": "demo",
            "broker": {"urls": [url], "versions": ["1.1"]},
            "folders": {"root": str(folder)},
            "reduction": {"queue": QUEUE},
        }
    )


def _messages(folder: Path) -> list[dict[str, Any]]:
    def message(run: str, rb_number: str, **changed: Any) -> dict[str, Any]:
        data = str(folder / f"isis/NDX{INSTRUMENT}/{run}.txt")
        words = {"facility": "ISIS", "instrument": INSTRUMENT, "started_by": -1}
        found = {"rb_number": rb_number, "run_number": run, "data": data, **words, **changed}
        return {name: value for name, value in found.items() if value is not None}

    return [
        message("101", "1910001"),
        message("102", "1910001"),
        message("103", "1910002"),
        message("101", "1910003", run_number=None),
        message("101", "calibration"),
    ]


@contextmanager
def _listening(settings: GatewaySettings) -> Iterator[BrokerConnection]:
    """Yield a connection to the broker that hears of all events."""
    link = BrokerConnection(settings.broker)
    link.connect()
    for name in ("ReductionStarted", *FINAL):
        link.subscribe(f"/queue/{name}")
    try:
        yield link
    finally:
        link.close()


@contextmanager
def _working(database: Database, folder: Path) -> Iterator[None]:
    registry.load_handlers([HANDLERS])
    options = WorkerOptions([QUEUE], folder, slots=SLOTS, poll=0.5, modules=[HANDLERS])
    loop = WorkerLoop(database, options)
    with _in_thread(loop.run, loop.drain):
        yield


@contextmanager
def _gateway(database: Database, settings: GatewaySettings) -> Iterator[None]:
    loop = GatewayLoop(database, settings)
    with _in_thread(loop.run, loop.stop):
        yield


@contextmanager
def _in_thread(run: Callable[[], object], stop: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join(LONGEST)


def _events(
    link: BrokerConnection, messages: list[dict[str, Any]], on_event: Callable[[GatewayEvent], None]
) -> list[GatewayEvent]:
    """Send messages; return the events, until each message has come to its end."""
    began, found, left = time.monotonic(), [], len(messages)
    for one in messages:
        link.send("/queue/DataReady", json.dumps(one).encode(), {})
    while left:
        message = link.next_message(0.5)
        if message is not None:
            link.acknowledge(message)
            event = _event(message.destination, message.body, time.monotonic() - began)
            found.append(event)
            on_event(event)
            left -= event.queue in FINAL
        elif time.monotonic() > began + LONGEST:
            raise GatewayStuck(f"{left} of {len(messages)} messages have no answer")
    return found


def _event(destination: str, body: bytes, seconds: float) -> GatewayEvent:
    keys = json.loads(body)
    words = (("RB", "rb_number"), ("run ", "run_number"), ("version ", "run_version"))
    run = " ".join(f"{word}{keys[name]}" for word, name in words if keys.get(name) is not None)
    result = keys.get("reduction_data") or []
    folders = [result] if isinstance(result, str) else [*map(str, result)]
    name = destination.removeprefix("/queue/")
    return GatewayEvent(round(seconds, 2), name, run, keys.get("message") or None, folders)
