"""A worker beside the web server: a process for the queues of applications."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pandadb import config
from pandadb.cli.output import note
from pandadb.worker.payload import supervisor

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


DRAIN = 5
"""Seconds that running programs have at the end of the server; then their jobs are given back."""
LONGEST_END = 60.0
"""Seconds until a worker that does not end is killed."""


@contextmanager
def running_worker(settings: config.Settings, queues: Collection[str]) -> Iterator[None]:
    """Run a worker for queues as a process; it ends with the block, and with this process.

    Without a queue there is none.
    """
    if not queues:
        yield
        return
    supervisor.prctl  # noqa: B018 - it is imported now, not between fork and exec
    words = [word for queue in sorted({*queues}) for word in ("--queue", queue)]
    ending = threading.Event()
    process = subprocess.Popen(
        [sys.executable, "-m", "pandadb", "worker", "run", "--quiet",
         f"--drain-timeout={DRAIN}", *words],
        env=os.environ | ({} if settings.server_url() else {"PANDADB_URL": config.EMBEDDED}),
        stdin=subprocess.DEVNULL,
        preexec_fn=_end_with_parent,  # noqa: PLW1509 - no threads yet
    )  # fmt: skip
    watch = threading.Thread(target=_watch, args=(process, ending), daemon=True)
    watch.start()
    try:
        yield
    finally:
        ending.set()
        process.terminate()
        try:
            process.wait(LONGEST_END)
        except subprocess.TimeoutExpired:
            process.kill()
        watch.join()


def _end_with_parent() -> None:
    supervisor.prctl(supervisor.PR_SET_PDEATHSIG, signal.SIGTERM)


def _watch(process: subprocess.Popen[bytes], ending: threading.Event) -> None:
    code = process.wait()
    if not ending.is_set():
        note(f"The worker has ended with code {code}: jobs of forms wait for another", code=code)
