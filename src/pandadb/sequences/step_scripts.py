"""Scripts of steps: each is a process group of its own; its output is shown as it comes.

The groups of all sequences of this process are known, so that an interrupt ends them, and nothing
else.
"""

from __future__ import annotations

import codecs
import errno
import os
import shlex
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pandadb.sequences.terminals import given_terminal, has_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SHELL = "/bin/sh"
WATCH = "trap '' TSTP; (read -r _ </dev/fd/{} || kill -s KILL -- -$$) >/dev/null 2>&1 & exec \"$@\""
"""A shell script: it kills its process group when the other end of a pipe is closed, unless a line
came first, and becomes its command. Ctrl-Z does nothing: nobody could let it go on."""
ENDED = b"\n"
GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL for a process group."""
TIMED_OUT = 124
"""Status of a step whose time was up, as of timeout(1)."""
CHUNK = 1 << 16
INTERRUPTED = (-signal.SIGINT, 128 + signal.SIGINT)
"""Exit statuses of a script that Ctrl-C has ended."""
SIGNALLED = 128
"""A status above is that of a signal, as in a shell."""


class ScriptEnd(NamedTuple):
    """The end of a script: its exit status, and its standard output."""

    status: int
    output: str


class ScriptPlace(NamedTuple):
    """Where a script runs, if elsewhere than this process."""

    folder: str | None = None
    variables: Mapping[str, str | None] = {}
    """Variables that this process has otherwise; None for none."""


class Stopped(BaseException):
    """A sequence that has to end now: no `except` of a sequence catches it."""


class ScriptRunner:
    """Runs scripts for the threads of sequences, and ends them all."""

    def __init__(
        self, show: Callable[[str], None], *, shell: str = SHELL, uses_terminal: bool = False
    ) -> None:
        """Make a runner.

        Args:
            show: Shows text of a script's output; called by the threads of sequences.
            shell: The shell with its options; the path of the script is added.
            uses_terminal: Whether scripts may read from the terminal, if there is one: Ctrl-C
                there ends the script, and then all sequences.
        """
        self._show = show
        self._shell = shlex.split(shell)
        self._uses_terminal = uses_terminal
        self._lock = threading.Lock()
        self._groups: set[int] = set()
        self._is_stopped = False

    def run(
        self,
        script: str,
        env: Mapping[str, str] | None = None,
        *,
        timeout: float | None = None,
        place: ScriptPlace | None = None,
    ) -> ScriptEnd:
        """Run a script; its standard input and error are those of this process.

        Args:
            script: The text.
            env: Variables that it has beside those of this process, as they are.
            timeout: Seconds that it may run; then its process group is ended, with status 124.
            place: Its working folder and environment; those of this process by default.

        Raises:
            Stopped: All scripts were ended.
            OSError: The shell cannot be started.
        """
        is_asked = self._uses_terminal and has_terminal()
        with ExitStack() as opened:
            path = opened.enter_context(_script_file(script))
            process = opened.enter_context(
                self._started([*self._shell, str(path)], env, place or ScriptPlace())
            )
            if is_asked:
                opened.enter_context(given_terminal(process.pid))
            limit = Limit(process.pid, timeout)
            output = self._read(process)
            status = process.wait()
            is_late = limit.cancel()
        if is_asked and status in INTERRUPTED and not is_late:
            os.kill(os.getpid(), signal.SIGINT)  # the terminal has sent it to the script only
            raise Stopped
        if self._is_stopped:
            raise Stopped
        if is_late:
            return ScriptEnd(TIMED_OUT, output)
        return ScriptEnd(SIGNALLED - status if status < 0 else status, output)

    @contextmanager
    def _started(
        self, command: list[str], env: Mapping[str, str] | None, place: ScriptPlace
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Start a process as the leader of a group; at an error the group is killed.

        So it is when this process is killed: else a resumed sequence would run the step beside it.
        """
        if shutil.which(command[0]) is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), command[0])
        watched, alive = os.pipe()
        words = [SHELL, "-c", WATCH.format(watched), SHELL, *command]
        with self._lock, ExitStack() as opened:
            opened.callback(os.close, watched)
            failed = opened.enter_context(ExitStack())
            failed.callback(os.close, alive)
            self._refuse_stopped()
            process = subprocess.Popen(  # noqa: S603 - the steps of the user's file
                words,
                cwd=place.folder,
                env=_environment(place, env or {}),
                stdout=subprocess.PIPE,
                process_group=0,
                pass_fds=[watched],
            )
            self._groups.add(process.pid)
            failed.pop_all()
        try:
            yield process
            with suppress(OSError):
                os.write(alive, ENDED)
        except BaseException:
            _signal(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            os.close(alive)
            with self._lock:
                self._groups.discard(process.pid)
            if process.stdout:
                process.stdout.close()

    def _refuse_stopped(self) -> None:
        if self._is_stopped:
            raise Stopped

    def _read(self, process: subprocess.Popen[bytes]) -> str:
        """Return the output of a process, shown as it comes; it ends shown with a line end.

        Bytes that are not UTF-8 stay as they are.
        """
        decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        parts: list[str] = []
        pipe = process.stdout
        while pipe and (chunk := os.read(pipe.fileno(), CHUNK)):
            parts.append(decoder.decode(chunk))
            self._show(parts[-1])
        parts.append(decoder.decode(b"", final=True))
        output = "".join(parts)
        self._show(parts[-1] + ("\n" if output and not output.endswith("\n") else ""))
        return output

    def stop(self, *, kill: bool = False) -> None:
        """End all scripts: SIGTERM, and SIGKILL after some seconds; `kill` leaves no time.

        No script starts any more.
        """
        with self._lock:
            self._is_stopped = True
            groups = [*self._groups]
        for group in groups:
            _signal(group, signal.SIGKILL if kill else signal.SIGTERM)
        if groups and not kill:
            later = threading.Timer(GRACE, self.stop, kwargs={"kill": True})
            later.daemon = True
            later.start()


def _environment(place: ScriptPlace, env: Mapping[str, str]) -> dict[str, str]:
    given = {**os.environ, **place.variables, **env}
    return {name: value for name, value in given.items() if value is not None}


class Limit:
    """The time that a process group has; then it is ended."""

    def __init__(self, group: int, seconds: float | None) -> None:
        self._group = group
        self._is_over = False
        self._timer = threading.Timer(seconds, self._end) if seconds is not None else None
        if self._timer:
            self._timer.daemon = True
            self._timer.start()

    def _end(self) -> None:
        self._is_over = True
        _signal(self._group, signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        while time.monotonic() < deadline and _signal(self._group, 0):
            time.sleep(0.05)
        _signal(self._group, signal.SIGKILL)

    def cancel(self) -> bool:
        """Stop the clock; report whether the time was over."""
        if self._timer:
            self._timer.cancel()
        return self._is_over


def _signal(group: int, number: int) -> bool:
    """Send a signal to a process group; report whether there is one."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False


@contextmanager
def _script_file(script: str) -> Iterator[Path]:
    """Write a script into a temporary file, which is removed at the end."""
    number, name = tempfile.mkstemp(prefix="pandadb-step-", suffix=".sh")
    path = Path(name)
    try:
        os.fchmod(number, stat.S_IRWXU)  # a script may test or run itself
        with os.fdopen(number, "wb") as stream:
            stream.write(script.encode("utf-8", "surrogateescape"))
        yield path
    finally:
        path.unlink(missing_ok=True)
