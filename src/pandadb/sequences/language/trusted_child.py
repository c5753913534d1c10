"""The process that runs a sequence section with all of Python; its steps are run by the parent.

It is started as a script, with the numbers of two pipes; a request and its answer are a line of
JSON each. Of pandadb it imports only the names of Python 2, and only for a section of Python 2.
"""

from __future__ import annotations

import base64
import builtins
import ctypes
import io
import json
import marshal
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import override
else:

    def override(method: Any) -> Any:
        """Return the method: the process imports the standard library only."""
        return method


def working_folder() -> str | None:
    """Return the working folder; None if it is gone."""
    try:
        return os.getcwd()  # noqa: PTH109 - it may be gone
    except OSError:
        return None


FOLDER = working_folder()
VARIABLES = {**os.environ}
"""The working folder and the environment at the begin: those of the parent."""
DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of Linux: the signal that a process gets when its parent has ended."""


class Parent:
    """The parent, which is asked to run steps."""

    def __init__(self, requests: int, answers: int) -> None:
        self._requests = os.fdopen(requests, "w", encoding="utf-8")
        self._answers = os.fdopen(answers, encoding="utf-8")
        self._lock = threading.Lock()
        self.settle: Callable[[], None] = lambda: None
        """Called before a step shows something: a `print` of Python 2 may owe a space."""
        self.text_of: Callable[[Any], str] = str
        """Makes texts of the variables of steps."""

    def read(self) -> Any:
        """Return the next value of the parent; without one the process ends."""
        line = self._answers.readline()
        if not line:
            os._exit(1)  # the parent is gone, and so is the sequence
        return json.loads(line)

    def ask(self, what: str, *arguments: Any) -> Any:
        """Return the answer to a request.

        Raises:
            Exception: The error of the request, of a built-in class.
        """
        if what not in ("get", "set"):
            self.settle()
        with self._lock:  # threads of the section take turns
            self._requests.write(json.dumps([what, *arguments]) + "\n")
            self._requests.flush()
            kind, value = self.read()
        if kind == "error":
            error = getattr(builtins, value[0], RuntimeError)
            raise error(value[1])
        if kind == "steps":
            return [Step(self, one) for one in value]
        return Result(value) if kind == "result" else value


def place() -> tuple[str | None, dict[str, str | None]]:
    """Return the folder and the variables that the section has changed: its steps have them."""
    folder, old, new = working_folder(), VARIABLES, {**os.environ}
    changed = {name: new.get(name) for name in {*old, *new} if old.get(name) != new.get(name)}
    return (folder if folder != FOLDER else None), changed


class Result:
    """The result of a step, with the fields of the notification as attributes."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> NoReturn:
        """Refuse an attribute that the result has not."""
        known = ", ".join(self.__dict__)
        raise AttributeError(f"The result has no {name!r}: it has {known}")


class Step:
    """A step of the parent, by its key."""

    env: Any

    def __init__(self, parent: Parent, key: str) -> None:
        self.__dict__.update(_parent=parent, _key=key, env=None)

    def __call__(self) -> Step:
        """Return a step with the same script, which has not been executed."""
        return Step(self._parent, self._parent.ask("clone", self._key))

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the parent's step."""
        if name.startswith("__"):
            raise AttributeError(name)
        return self._parent.ask("get", self._key, name)

    @override
    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute of the parent's step, if it has one, else of this object."""
        if name == "env" or not self._parent.ask("set", self._key, name, value):
            self.__dict__[name] = value

    def execute(self, wait: bool = False, env: Any = None, timeout: float | None = None) -> None:
        """Run the script, with the variables of the first call, as they are now."""
        if self.env is None:
            self.env = {} if env is None else env
        values = {str(name): self._parent.text_of(value) for name, value in self.env.items()}
        self._parent.ask("execute", self._key, bool(wait), values, timeout, place())

    def result(self, blocking: bool = True) -> Result | None:
        """Return the result; None while there is none, unless it is waited for."""
        found: Result | None = self._parent.ask("result", self._key, bool(blocking))
        return found

    def retry(self) -> None:
        """Run the step again, or let pbook retry its jobs."""
        self._parent.ask("retry", self._key, place())


def names_for(parent: Parent, program: dict[str, Any]) -> dict[str, Any]:
    """Return the names of a sequence: modules of the original's, functions, and steps."""

    def jobs(what: str) -> Any:
        return lambda *arguments: parent.ask(what, *(_sent(one) for one in arguments))

    steps = {name: Step(parent, name) for name in program["steps"]}
    commands = SimpleNamespace(
        getoutput=subprocess.getoutput, getstatusoutput=subprocess.getstatusoutput
    )
    return {
        "__name__": "__main__",
        "__builtins__": builtins,
        "os": os,
        "re": re,
        "sys": sys,
        "tempfile": tempfile,
        "commands": commands,
        "self": SimpleNamespace(scriptName=program["path"], steps=steps),
        "unicode": str,
        "long": int,
        "xrange": range,
        "raw_input": input,
        **steps,
        "getPandaJob": lambda *numbers: jobs("getPandaJob")(*numbers)[0],
        "getRunningPandaJobs": jobs("getRunningPandaJobs"),
        "getFrozenPandaJobs": jobs("getFrozenPandaJobs"),
    }


def _sent(value: Any) -> int | float | str:
    return value if isinstance(value, int | float) else str(value)


def end_with_parent(parent: int) -> None:
    """Let this process be killed when its parent has ended, even by SIGKILL.

    Linux does it by the kernel; elsewhere the next request finds the pipe closed.
    """
    if sys.platform != "linux":
        return
    try:
        ctypes.CDLL(None, use_errno=True).prctl(DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    except (OSError, AttributeError):  # a library of C without it
        return
    if os.getppid() != parent:
        os._exit(1)  # it ended before


def main() -> None:
    """Run the program that the parent sends; an error is printed with its traceback."""
    requests, answers = (int(number) for number in sys.argv[1:3])
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    parent = Parent(requests, answers)
    program = parent.read()
    end_with_parent(program["parent"])
    sys.argv = ["psequencer", program["path"]]
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # bytes of steps stay as they are
    code = marshal.loads(base64.b64decode(program["code"]))  # noqa: S302 - of the parent
    names = names_for(parent, program)
    if program["is_python2"]:
        from pandadb.sequences.language.python2 import names as python2  # noqa: PLC0415
        from pandadb.sequences.language.python2.texts import text_of  # noqa: PLC0415

        names = python2.names_for(names)
        parent.settle = names[python2.PRINTER].settle
        parent.text_of = text_of
    try:
        exec(code, names)  # noqa: S102 - the user has asked for all of Python
    except Exception as error:  # noqa: BLE001 - it may be any
        steps = error.__traceback__.tb_next if error.__traceback__ else None
        traceback.print_exception(type(error), error, steps)
        sys.exit(1)


if __name__ == "__main__":
    main()
