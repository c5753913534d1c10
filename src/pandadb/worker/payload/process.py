"""A payload that runs as a process group of its own, below its supervisor."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pandadb.errors import PandaDBError
from pandadb.worker.payload import supervisor
from pandadb.worker.payload.outcome import ProcessEnd, StopReason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.worker.payload.job_directory import JobDirectory

GRACE = 10.0
"""Seconds between SIGTERM and SIGKILL."""


@dataclass(frozen=True)
class ProcessOrder:
    """A program to run, with its limits and times in seconds."""

    argv: Sequence[str]
    env: Mapping[str, str]
    limits: Mapping[str, int] = field(default_factory=dict)
    timeout: float | None = None
    grace: float = GRACE
    lease: float | None = None
    """Seconds until the payload is ended unless `renew` is called; None for no limit."""
    lease_grace: float | None = None
    """Seconds between SIGTERM and SIGKILL then; None: the grace."""


class NotStarted(PandaDBError):
    """A payload whose supervisor the system could not start, such as for a lack of memory."""


class PayloadProcess:
    """A payload that runs; its output goes to the files of its directory.

    All methods can be called from any thread.

    Raises:
        NotStarted: The system has no process, file or memory for its supervisor.
    """

    def __init__(self, order: ProcessOrder, directory: JobDirectory) -> None:
        self._lock = threading.Lock()
        self._received = b""
        try:
            self._channel, self._supervisor = _started()
        except OSError as error:
            raise NotStarted(f"The payload could not be started: {error.strerror}") from error
        self._send(
            {
                "argv": [*order.argv],
                "env": {**order.env},
                "cwd": str(directory.path),
                "stdout": str(directory.stdout),
                "stderr": str(directory.stderr),
                "limits": {**order.limits},
                "timeout": order.timeout,
                "grace": order.grace,
                "lease": order.lease,
                "lease_grace": order.grace if order.lease_grace is None else order.lease_grace,
            }
        )
        self.pid: int | None = None
        """The number of the payload's process and of its group; None if it could not start."""
        self.refused: str | None = None
        started = self._read() or {"refused": "its supervisor has ended"}
        self.pid, self.refused = started.get("pid"), started.get("refused")

    def renew(self, lease: float) -> None:
        """Let the payload run for so many seconds from now on."""
        self._send({"lease": lease})

    def stop(self, reason: StopReason, grace: float | None = None) -> None:
        """Send SIGTERM to the process group, and SIGKILL after the grace; it does not wait.

        The first reason is kept; a later call with less grace shortens it.
        """
        self._send({"stop": reason, **({} if grace is None else {"grace": grace})})

    def wait(self) -> ProcessEnd:
        """Wait until no process of the payload is left; return the end."""
        try:
            if self.refused is not None:
                return ProcessEnd(refused=self.refused)
            return _end(self._read())
        finally:
            self._supervisor.wait()
            self._channel.close()

    def _send(self, message: dict[str, Any]) -> None:
        with self._lock, suppress(OSError):  # it has ended
            self._channel.sendall(json.dumps(message).encode() + b"\n")

    def _read(self) -> dict[str, Any] | None:
        """Return the next message of the supervisor; None if it has ended without one."""
        while b"\n" not in self._received:
            try:
                data = self._channel.recv(65536)
            except OSError:
                data = b""
            if not data:
                return None
            self._received += data
        line, _, self._received = self._received.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message


def _started() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Start a supervisor; return it with the worker's end of its socket."""
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own script
                [sys.executable, "-I", "-S", supervisor.__file__],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={"PATH": os.defpath},
                start_new_session=True,
            )
        except OSError:
            ours.close()
            raise
    return ours, process


def _end(message: Mapping[str, Any] | None) -> ProcessEnd:
    if message is None:
        return ProcessEnd(signal=9)  # the payload goes with its supervisor
    reason = message["reason"]
    return ProcessEnd(
        None,
        message["exit_code"],
        message["signal"],
        StopReason(reason) if reason else None,
        message["seconds"],
        message["cpu_seconds"],
        message["max_rss"],
    )
