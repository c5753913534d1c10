"""An instrument of the tests, with a script and data, and messages of its runs."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from tests.gateway.gateway_threads import settings_of
from tests.worker.worker_processes import HOME, running_worker, url_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pandadb.database import Database
    from pandadb.gateway.settings import GatewaySettings
    from tests.gateway.brokers import Broker

READY, ERRORS = "/queue/DataReady", "/queue/ReductionError"
STARTED, COMPLETE = "/queue/ReductionStarted", "/queue/ReductionComplete"
HANDLERS = "pandadb.gateway.reduction.handlers"
VARIABLES = 'standard_vars = {"rb": 0, "run": 0}\nadvanced_vars = {}\n'
NOTHING = "def main(input_file, output_dir):\n    pass\n"


def wish(broker: Broker, folder: Path, script: str = NOTHING, **changed: Any) -> GatewaySettings:
    """Return the settings of a gateway whose instrument WISH has a script and data."""
    scripts = folder / "isis/NDXWISH/user/scripts/autoreduction"
    scripts.mkdir(parents=True)
    (scripts / "reduce.py").write_text(script)
    (scripts / "reduce_vars.py").write_text(VARIABLES)
    (folder / "isis/NDXWISH/raw.nxs").write_text("raw")
    return settings_of(broker, folders={"root": str(folder)}, **changed)


def message(settings: GatewaySettings, run: Any = 1, **changed: Any) -> dict[str, Any]:
    """Return a message of new data of a run."""
    return {
        "data": str(settings.folders.root / "isis/NDXWISH/raw.nxs"),
        "facility": "ISIS",
        "instrument": "WISH",
        "rb_number": 1234567,
        "run_number": run,
        "started_by": -1,
        **changed,
    }


@contextmanager
def reducing_workers(database: Database, folder: Path, number: int) -> Iterator[None]:
    """Run workers of one slot that reduce runs, each as a process."""
    words = ("--queue=reduction", f"--handlers={HANDLERS}", "--slots=1", "--lease=60")
    with ExitStack() as stack:
        for one in range(number):
            stack.enter_context(running_worker(database, folder / f"jobs{one}", *words))
        yield


def gateway_process(database: Database, config: Path) -> subprocess.Popen[str]:
    """Start a gateway as a process, which logs JSON into `gateway.log` beside its settings."""
    with config.with_suffix(".log").open("a") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "pandadb", "gateway", "run", "--config", str(config), "--json"],
            env={"PANDADB_URL": url_of(database), "PATH": "/usr/bin:/bin", "PYTHONPATH": "src"},
            cwd=HOME,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )


def written(settings: GatewaySettings, folder: Path) -> Path:
    """Write the settings of a gateway into a file."""
    urls = ", ".join(f'"{one}"' for one in settings.broker.urls)
    file = folder / "gateway.toml"
    file.write_text(
        f"[broker]\nurls = [{urls}]\nreconnect_after = 0.1\nreconnect_limit = 0.5\n"
        f'[folders]\nroot = "{settings.folders.root}"\n'
    )
    return file
