"""A site of tests: an instrument with a script and data, messages for it, and its events."""

from __future__ import annotations

import itertools
import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pandadb.gateway.intake import Delivery, Receipt, receive
from pandadb.gateway.settings import GatewaySettings
from pandadb.services import gateway, queue
from pandadb.worker.handlers import load_handlers
from tests.worker.payloads import until
from tests.worker.worker_processes import Q, running_loop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pandadb.database import Database
    from pandadb.services.gateway import Run

MODULES = ("pandadb.gateway.reduction.handlers",)
NUMBERS = itertools.count(1)
PLAIN = "def main(input_file, output_dir):\n    pass\n"
SCRIPTS = "isis/NDX{instrument}/user/scripts/autoreduction"


class Site:
    """A gateway without a broker: messages are handed to it, and events are read."""

    def __init__(self, database: Database, folder: Path, **reduction: Any) -> None:
        self.database, self.folder = database, folder
        rules = {"queue": Q, "timeout": 30, **reduction}
        folders = {"root": str(folder), "temporary": str(folder / "tmp")}
        self.settings = GatewaySettings.model_validate({"reduction": rules, "folders": folders})
        self.script(PLAIN)
        self.data().write_text("raw")

    def script(self, text: str, variables: str = "standard_vars = {}\n") -> None:
        """Store the script of the instrument."""
        home = self.folder / SCRIPTS.format(instrument="WISH")
        home.mkdir(parents=True, exist_ok=True)
        (home / "reduce.py").write_text(text)
        (home / "reduce_vars.py").write_text(variables)

    def data(self, name: str = "raw.nxs") -> Path:
        return self.folder / "isis/NDXWISH" / name

    def ready(self, run: Any = 101, **changed: Any) -> dict[str, Any]:
        """Return a message of DataReady; None leaves a key out."""
        message = {
            "facility": "ISIS",
            "instrument": "WISH",
            "rb_number": 1234567,
            "run_number": run,
            "data": str(self.data()),
            "started_by": -1,
            **changed,
        }
        return {name: value for name, value in message.items() if value is not None}

    def pending(self, run: Any = 101, script: str = PLAIN, **changed: Any) -> dict[str, Any]:
        """Return a message of ReductionPending."""
        arguments: dict[str, Any] = {"standard_vars": {}, "advanced_vars": {}}
        words = {"reduction_script": script, "reduction_arguments": arguments, "run_version": 0}
        return self.ready(run, **{**words, **changed})

    def deliver(
        self, message: Any, queue: str = "DataReady", name: str = "", **headers: str
    ) -> Receipt:
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        name = name or f"message {next(NUMBERS)}"
        return receive(
            self.database, self.settings, Delivery(f"/queue/{queue}", name, headers, body)
        )

    def submit(self, message: dict[str, Any], **headers: str) -> int:
        """Deliver a message of ReductionPending; return the job."""
        receipt = self.deliver(message, "ReductionPending", **headers)
        assert receipt.pandaid, receipt
        return receipt.pandaid

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the events so far: the queue and the body of each."""
        found = queue.events(self.database, limit=1000)
        return [(one.payload["destination"], one.payload["body"]) for one in found]

    def names(self) -> list[str]:
        return [name.removeprefix("Reduction") for name, _ in self.events()]

    def runs(self) -> list[Run]:
        return gateway.list_runs(self.database, limit=1000)

    def ended(self, number: int = 1) -> list[tuple[str, dict[str, Any]]]:
        """Wait for the ends of so many runs; return all events."""
        ends = ("ReductionComplete", "ReductionError", "ReductionSkipped")
        until(lambda: sum(name in ends for name, _ in self.events()) >= number)
        return self.events()

    @contextmanager
    def worker(self, folder: str = "work", **options: Any) -> Iterator[None]:
        for module in MODULES:  # another worker of the tests has forgotten its handlers
            sys.modules.pop(module, None)
        load_handlers(MODULES)
        words = {"modules": MODULES, "poll": 0.1, **options}
        with running_loop(self.database, self.folder / folder, **words):
            yield
