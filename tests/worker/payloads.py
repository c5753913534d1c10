"""Payloads of tests: attempts that run in a folder, and processes that are looked for."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pandadb.worker.job_run import JobAttempt, JobRun, WorkPlace

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandadb.worker.payload.outcome import PayloadOutcome

TOKENS = itertools.count(1)


def began(folder: Path, *, place: dict[str, Any] | None = None, **payload: Any) -> JobRun:
    """Start a payload in a folder."""
    known = ("columns", "resources")
    words: dict[str, Any] = {name: payload.pop(name) for name in known if name in payload}
    rules = {"grace": 0.5, **(place or {})}
    words |= {name: rules.pop(name) for name in ("lease", "lease_grace") if name in rules}
    attempt = JobAttempt(7, next(TOKENS), payload, name="test", **words)
    return JobRun(attempt, WorkPlace(folder, **rules))


def ended(folder: Path, **words: Any) -> PayloadOutcome:
    """Run a payload in a folder; return its outcome."""
    return began(folder, **words).wait()


def is_alive(pid: int) -> bool:
    """Return whether a process is there and has not ended."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def until(condition: Callable[[], Any], seconds: float = 90.0) -> Any:
    """Wait for a condition; return its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it has not come true"
        time.sleep(0.01)
    return value


def number_in(file: Path) -> int:
    """Wait for a file with a number in a line; return the number."""
    return int(
        until(lambda: file.exists() and file.read_text().endswith("\n") and file.read_text())
    )


def on_small_disk(folder: Path) -> list[str]:
    """Return the words before a command that let it run with a disk of 1 MB on a folder."""
    namespaces = "-m" if os.geteuid() == 0 else "-Urm"  # root may keep its identity
    mount = f'mount -t tmpfs -o size=1m tmpfs {folder} && exec "$@"'
    command = ["unshare", namespaces, "sh", "-c", mount, "sh"]
    if not shutil.which("unshare") or subprocess.run([*command, "true"], check=False).returncode:
        pytest.skip("no tmpfs can be mounted here")
    return command
