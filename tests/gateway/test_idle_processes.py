"""Gateways and workers that have nothing to do: they wait, and use no processor meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pandadb.services import gateway, queue
from tests.gateway.brokers import coilmq
from tests.worker.payloads import until
from tests.worker.worker_processes import running_worker, url_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.database import Database

SECONDS = 5.0
MOST = 0.07
"""Processor time per time: a process in an endless loop has more, also on a busy machine."""

pytestmark = [pytest.mark.any_server, pytest.mark.slow]


def used(pid: int) -> float:
    """Return the seconds of processor time of a process, all threads and ended children of it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def share(pid: int) -> float:
    """Return the part of the next seconds that a process spends on a processor."""
    before, began = used(pid), time.monotonic()
    time.sleep(SECONDS)
    return (used(pid) - before) / (time.monotonic() - began)


@contextmanager
def running_gateway(database: Database, url: str, folder: Path) -> Iterator[int]:
    """Run a gateway during the block; yield the number of its process."""
    settings = folder / "gateway.toml"
    settings.write_text("[broker]\nreconnect_limit = 1\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "pandadb", "gateway", "run", "--config", settings, "--broker", url],
        env={**os.environ, "PANDADB_URL": url_of(database)},
        stdin=subprocess.DEVNULL,
    )
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def test_a_process_in_an_endless_loop_is_noticed() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            assert share(process.pid) > MOST
        finally:
            process.kill()


def test_an_idle_gateway_uses_no_processor_with_its_broker_and_without(
    database: Database, tmp_path: Path
) -> None:
    with (
        coilmq() as broker,
        running_gateway(database, broker.url, tmp_path) as pid,
    ):
        until(lambda: [one.broker for one in gateway.gateways(database)] not in ([], [None]))
        with_broker = share(pid)

        broker.kill()
        until(lambda: [one.broker for one in gateway.gateways(database)] == [None])
        without = share(pid)

    assert max(with_broker, without) < MOST


def test_an_idle_worker_uses_no_processor(database: Database, tmp_path: Path) -> None:
    with running_worker(database, tmp_path) as process:
        until(lambda: queue.workers(database) != [])

        assert share(process.pid) < MOST
