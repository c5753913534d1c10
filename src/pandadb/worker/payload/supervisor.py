"""The process that starts a payload, waits for it, and ends all of its processes.

It is a script without imports of pandadb, run by `python -I -S`, so that it starts in some
milliseconds and has none of the worker's memory. It reads JSON lines from its stdin, a socket: the
order first, then `{"lease": seconds}` and `{"stop": reason, "grace": seconds}`. It writes
`{"pid": …}` or `{"refused": sentence}`, and the end.

The payload ends by its own, by its timeout, when its lease has not been renewed in time, or when
the socket is closed, as the worker is gone: SIGTERM for its process group, and after the grace
SIGKILL for all of its descendants.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 1, 4, 36
LIMITS = {
    "cpu": resource.RLIMIT_CPU,
    "memory": resource.RLIMIT_AS,
    "file_size": resource.RLIMIT_FSIZE,
    "open_files": resource.RLIMIT_NOFILE,
    "core": resource.RLIMIT_CORE,
}
"""Limits of an order by the kernel's numbers; seconds, bytes, bytes, files, bytes."""
IGNORED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Signals without an effect on this process: the worker decides."""
CPU_SPARE = 5
"""Seconds of CPU time between SIGXCPU and SIGKILL."""
DEFAULT_GRACE = 10.0
"""Seconds between SIGTERM and SIGKILL if the order has no grace."""
LAST_WAIT = 5.0
"""Seconds that killed processes may take to vanish."""


def prctl(option: int, value: int) -> None:
    """Set an attribute of this process; without effect on systems other than Linux."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


class Supervisor:
    """A payload that runs, and the reasons and times of its end."""

    def __init__(self, channel: socket.socket, order: dict[str, Any], received: bytes) -> None:
        self.channel = channel
        self.is_connected = True
        self.order = order
        self.grace: float = order.get("grace", DEFAULT_GRACE)
        self.lease_grace: float = order.get("lease_grace", self.grace)
        self.reason: str | None = None
        self.kill_at: float | None = None
        self.end: dict[str, Any] | None = None
        self.buffer = received
        self.started = time.monotonic()
        self.deadlines = {
            name: self.started + order[name]
            for name in ("timeout", "lease")
            if order.get(name) is not None
        }
        self.wake, written = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(written, warn_on_full_buffer=False)

    def run(self) -> None:
        """Start the payload; return when no process of it is left, and the end is reported."""
        if not self.start():
            return
        while self.end is None or not self.is_over():
            self.wait()
            self.reap()
            self.heed_deadlines()
        self.kill_all()
        self.send({"reason": self.reason, **self.end})

    def start(self) -> bool:
        """Start the payload as a session of its own; report its number, or why it cannot start."""
        order = self.order
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            out, err = (os.open(order[name], flags, 0o600) for name in ("stdout", "stderr"))
            child = subprocess.Popen(  # noqa: S603 - a list, without a shell
                order["argv"],
                cwd=order["cwd"],
                env=order["env"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                umask=0o077,
                preexec_fn=self.prepare,  # noqa: PLW1509 - this process has one thread
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self.send({"refused": in_words(error)})
            return False
        self.leader = child.pid
        child.returncode = 0  # reaped here, not by the object
        self.send({"pid": child.pid})
        return True

    def prepare(self) -> None:
        """Set limits and signals in the new process, before it becomes the payload."""
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        for ignored in IGNORED:
            signal.signal(ignored, signal.SIG_DFL)
        for name, limit in self.order["limits"].items():
            most = resource.getrlimit(LIMITS[name])[1]
            wanted = (limit, limit + CPU_SPARE if name == "cpu" else limit)
            if most != resource.RLIM_INFINITY:
                wanted = (min(wanted[0], most), min(wanted[1], most))
            resource.setrlimit(LIMITS[name], wanted)

    def wait(self) -> None:
        """Wait for a message, the end of a child, or the next deadline."""
        times = [*self.deadlines.values(), *([self.kill_at] if self.kill_at else [])]
        left = max(0.0, min(times) - time.monotonic()) if times else None
        if self.end is not None:
            left = min(0.05, left or 0.05)  # for a group that is no child of this process
        channels: list[Any] = [self.wake, self.channel] if self.is_connected else [self.wake]
        ready, _, _ = select.select(channels, [], [], left)
        if self.wake in ready:
            os.read(self.wake, 512)
        if self.channel in ready:
            self.hear()

    def hear(self) -> None:
        """Read messages of the worker; its end of the socket is closed only when it is gone."""
        try:
            data = self.channel.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.is_connected = False
            self.stop("worker", self.grace)
            return
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "lease" in message:
                self.deadlines["lease"] = time.monotonic() + message["lease"]
            else:
                self.stop(message["stop"], message.get("grace", self.grace))

    def heed_deadlines(self) -> None:
        """Begin the end after the timeout or the lease, and kill after the grace."""
        now = time.monotonic()
        for name, deadline in [*self.deadlines.items()]:
            if now >= deadline:
                del self.deadlines[name]
                self.stop(name, self.lease_grace if name == "lease" else self.grace)
        if self.kill_at is not None and now >= self.kill_at:
            self.signal_group(signal.SIGKILL)
            self.kill_descendants()
            self.kill_at = None

    def stop(self, reason: str, grace: float) -> None:
        """Send SIGTERM to the group, and SIGKILL after the grace; a second call may shorten it."""
        kill_at = time.monotonic() + grace
        if self.reason is None:
            if self.end is not None:
                return
            self.reason, self.kill_at = reason, kill_at
            self.signal_group(signal.SIGTERM)
            self.signal_group(signal.SIGCONT)  # a stopped process would not hear of it
        elif self.kill_at is not None:
            self.kill_at = min(self.kill_at, kill_at)

    def signal_group(self, number: int) -> None:
        """Send a signal to the payload's process group, if there still is one."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.leader, number)

    def reap(self) -> None:
        """Wait for children that have ended: the payload, and orphans of it."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status, used = os.wait4(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self.leader:
                    code = os.waitstatus_to_exitcode(status)
                    self.end = {
                        "exit_code": code if code >= 0 else None,
                        "signal": -code if code < 0 else None,
                        "cpu_seconds": used.ru_utime + used.ru_stime,
                        "max_rss": used.ru_maxrss,
                        "seconds": time.monotonic() - self.started,
                    }

    def is_over(self) -> bool:
        """Return whether nothing is to be waited for after the end of the payload's first process.

        Processes that it has left are killed at once, unless it is being stopped: then they have
        the rest of the grace.
        """
        if self.reason is None or self.kill_at is None:
            return True
        try:
            os.killpg(self.leader, 0)
        except OSError:
            return True
        return False

    def kill_all(self) -> None:
        """Kill processes of the payload until none is left."""
        self.signal_group(signal.SIGKILL)
        deadline = time.monotonic() + LAST_WAIT
        while self.kill_descendants() and time.monotonic() < deadline:
            time.sleep(0.005)
            self.reap()

    def kill_descendants(self) -> bool:
        """Kill all descendants, also in sessions of their own; return whether there were any."""
        found = descendants()
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        return bool(found)

    def send(self, message: dict[str, Any]) -> None:
        """Send a message to the worker, if there still is one."""
        with contextlib.suppress(OSError):  # the worker is gone
            self.channel.sendall(json.dumps(message).encode() + b"\n")


def in_words(error: Exception) -> str:
    """Return the text of an error of the system, with its file and without its number."""
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    return f"{error.strerror}: {error.filename}" if error.filename else error.strerror


def descendants() -> list[int]:
    """Return the numbers of all processes below this one, without those that have ended."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir() if Path("/proc/self/stat").exists() else ():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError, ValueError):
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if state != "Z":
                    children.setdefault(int(parent), []).append(int(entry.name))
    found, left = [], [os.getpid()]
    while left:
        below = children.get(left.pop(), [])
        found += below
        left += below
    return found


def supervise() -> None:
    """Run the payload of the order that is the first line on stdin."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    channel = socket.socket(fileno=os.dup(0))
    received = b""
    while b"\n" not in received:
        data = channel.recv(1 << 20)
        if not data:
            sys.exit(1)
        received += data
    order, _, rest = received.partition(b"\n")
    Supervisor(channel, json.loads(order), rest).run()


if __name__ == "__main__":
    supervise()
