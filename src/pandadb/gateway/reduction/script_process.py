"""The process of a script: forked, with its output in files, ended at its timeout."""

from __future__ import annotations

import inspect
import json
import linecache
import os
import select
import signal
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

FIRST_PAUSE, LONGEST_PAUSE = 0.005, 0.2
"""Seconds between two looks at the process: they grow."""
KILLED_AFTER = 5.0
"""Seconds between SIGTERM and SIGKILL at a timeout."""
LARGEST_REPORT = 1 << 20
MOST_FOLDERS = 500_000
GROUPS = ("standard_vars", "advanced_vars")


@dataclass(frozen=True)
class Script:
    """A script, with all that it is given."""

    text: str
    path: str
    """The name of its file, for tracebacks."""
    run_number: int
    variables: Mapping[str, Mapping[str, Any]]
    data: str
    output: Path
    working: Path | None
    stdout: Path
    stderr: Path


@dataclass(frozen=True)
class ScriptEnd:
    """The end of a script."""

    error: str | None = None
    skipped: str | None = None
    folders: Sequence[str] = ()
    """Further places of the result: what `main()` has returned."""
    mistake: str | None = None
    """What is wrong with a value that it has returned."""
    software: str | None = None


class ScriptProcess:
    """A script that runs in a process of its own, the leader of a group of its own."""

    def __init__(self, script: Script) -> None:
        self.script = script
        read, write = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(read)
            _child(script, write)
        with suppress(ProcessLookupError, PermissionError):
            os.setpgid(self.pid, self.pid)  # as it does itself: one of both is first
        os.close(write)
        os.set_blocking(read, False)
        self._pipe = read
        self._written = bytearray()

    def wait(self, timeout: float) -> ScriptEnd:
        """Wait for the end of the script, or end it after so many seconds."""
        status = self._status(time.monotonic() + timeout)
        late = status is None
        if status is None:
            self.kill(signal.SIGTERM)
            status = self._status(time.monotonic() + KILLED_AFTER)
        self.kill(signal.SIGKILL)  # also what the script has left
        if status is None:
            _, status = os.waitpid(self.pid, 0)
        report = self._report()
        if late:
            return ScriptEnd(f"The script ran longer than its timeout of {timeout:g} s")
        return report or ScriptEnd(_died(os.waitstatus_to_exitcode(status)))

    def kill(self, number: int) -> None:
        """Send a signal to the script and to the processes of its group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def _status(self, deadline: float) -> int | None:
        """Return the status of the process once it has ended; None after the deadline."""
        pause = FIRST_PAUSE
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return status
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            if not self._read(min(pause, left)):
                time.sleep(min(pause, left))
            pause = min(2 * pause, LONGEST_PAUSE)

    def _read(self, seconds: float) -> bool:
        """Read a part of the report within some seconds; report whether more may come.

        A process that writes more than its pipe holds waits for its reader.
        """
        if not select.select([self._pipe], [], [], seconds)[0]:
            return True
        part = os.read(self._pipe, 1 << 16)
        self._written += part[: LARGEST_REPORT - len(self._written)]
        return bool(part)

    def _report(self) -> ScriptEnd | None:
        """Return the end that the process has written, if it has."""
        with suppress(BlockingIOError):
            while part := os.read(self._pipe, 1 << 16):
                self._written += part[: LARGEST_REPORT - len(self._written)]
        os.close(self._pipe)
        try:
            return ScriptEnd(**json.loads(self._written))
        except (ValueError, TypeError):
            return None


def _died(code: int) -> str:
    if code < 0:
        return f"The process of the script was killed by {signal.Signals(-code).name}"
    return f"The process of the script has ended with code {code}; it has not returned"


def _child(script: Script, pipe: int) -> NoReturn:
    """Run a script in this process, which is forked for it; write the end into a pipe."""
    code = 1
    try:
        os.setpgid(0, 0)
        _redirect(script)
        report = {**_run(script), "software": _software()}
        _flush()
        with open(pipe, "wb") as stream:
            stream.write(_text(report))
        code = 0
    finally:
        os._exit(code)


def _text(report: Mapping[str, Any]) -> bytes:
    """Return a report as JSON."""
    text = json.dumps(report).encode()
    if len(text) > LARGEST_REPORT:
        error = f"main() has returned more than {LARGEST_REPORT} bytes, which is no folder"
        return json.dumps({"error": error}).encode()
    return text


def _redirect(script: Script) -> None:
    """Send the output of the process, and of its children, to files."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    for target, place in ((1, script.stdout), (2, script.stderr)):
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        os.dup2(descriptor, target)
        os.close(descriptor)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    given: dict[str, Any] = {"encoding": "utf-8", "errors": "backslashreplace", "closefd": False}
    sys.stdout = open(1, "w", buffering=1, **given)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, **given)  # noqa: SIM115
    if script.working is not None:
        os.chdir(script.working)


def _run(script: Script) -> dict[str, Any]:
    """Return the end of a script as keys of `ScriptEnd`."""
    try:
        module = _module(script)
        if script.run_number in (getattr(module, "SKIP_RUNS", None) or ()):
            return {"skipped": f"The script skips run {script.run_number} (SKIP_RUNS)"}
        _set_variables(module, script.variables)
        main = getattr(module, "main", None)
        if main is None:
            return {"error": "The script has no function main(input_file, output_dir)"}
        return folders_of(_call(main, script.data, f"{script.output}/"))
    except SystemExit as error:
        code = "" if error.code is None else repr(error.code)[:100]
        return {"error": f"The script has left by sys.exit({code})"}
    except BaseException as error:  # noqa: BLE001 - a script may raise anything
        _print_traceback(error)
        if str(error).lower().startswith("skip"):
            return {"skipped": str(error)[:2000]}
        text = ": ".join(one for one in (type(error).__name__, str(error)) if one)
        return {"error": f"Error in the script: {text}"[:2000]}


def _call(main: Callable[..., Any], input_file: str, output_dir: str) -> Any:
    """Return the value of `main()`: its arguments go by name, as in the service, if it has them."""
    try:
        inspect.signature(main).bind(input_file=input_file, output_dir=output_dir)
    except (TypeError, ValueError):
        return main(input_file, output_dir)
    return main(input_file=input_file, output_dir=output_dir)


def folders_of(returned: Any) -> dict[str, Any]:
    """Return the folders that a script has named, and the mistake in what it has returned.

    Both are keys of `ScriptEnd`. As in all generations of the service, a value that is false in a
    condition names none.
    """
    if not returned:
        return {}
    given = returned if isinstance(returned, list | tuple) else [returned]
    if len(given) > MOST_FOLDERS:
        return {"mistake": f"main() has returned more than {MOST_FOLDERS} values, not folders"}
    paths, mistake = list[str](), None
    for one in given:
        path = os.fspath(one) if isinstance(one, os.PathLike) else one
        if isinstance(path, str):
            paths += [path] if path else []
        elif mistake is None:
            mistake = f"main() has returned {repr(one)[:1000]}, which is no folder"
    return {"folders": paths, "mistake": mistake}


def _print_traceback(error: BaseException) -> None:
    """Add an error to the output of a script, whatever the script has made of its streams."""
    text = f"{error}\n{''.join(traceback.format_exception(error))}"
    _flush()
    os.write(1, text.encode("utf-8", "backslashreplace"))


def _module(script: Script) -> ModuleType:
    """Return a script as a module that was run."""
    lines = script.text.splitlines(keepends=True)
    linecache.cache[script.path] = len(script.text), None, lines, script.path
    module = ModuleType("reduce")
    module.__file__ = script.path
    sys.modules["reduce"] = module
    sys.dont_write_bytecode = True
    exec(compile(script.text, script.path, "exec"), module.__dict__)  # noqa: S102 - its purpose
    return module


def _set_variables(module: ModuleType, given: Mapping[str, Mapping[str, Any]]) -> None:
    """Set `web_var` of a script: its own variables, with those of the run instead or beside."""
    if not hasattr(module, "web_var"):
        module.web_var = ModuleType("reduce_vars")  # type: ignore[attr-defined]
    web_var = module.web_var
    for group in GROUPS:
        own = getattr(web_var, group, None)
        setattr(web_var, group, {**(own if isinstance(own, dict) else {}), **given.get(group, {})})


def _software() -> str | None:
    """Return the version of Mantid, if the script has imported it."""
    version = getattr(sys.modules.get("mantid"), "__version__", None)
    return f"Mantid-{version}" if version else None


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
