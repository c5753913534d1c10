"""A sequence with all of Python: it runs in a process of its own, its steps are run here."""

from __future__ import annotations

import base64
import json
import marshal
import os
import select
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pandadb.sequences.language.attributes import READ, WRITTEN
from pandadb.sequences.sequence_run import WAIT
from pandadb.sequences.step_scripts import ScriptPlace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TextIO

    from pandadb.sequences.language.programs import Program
    from pandadb.sequences.results import Result
    from pandadb.sequences.sequence_run import SequenceRun
    from pandadb.sequences.steps import Step

CHILD = Path(__file__).with_name("trusted_child.py")
GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL for the process."""


class TrustedProcess:
    """A process that runs a program, and asks for the steps that it needs."""

    def __init__(
        self,
        run: SequenceRun,
        steps: Mapping[str, Step],
        functions: Mapping[str, Callable[..., Any]],
    ) -> None:
        """Make a process.

        Args:
            run: The run of the sequence.
            steps: The steps of the file, by name.
            functions: The functions of the sequence, such as `getPandaJob`.
        """
        self._run = run
        self._steps: dict[str, Step] = {**steps}
        self._functions = functions
        self._names = [*steps]

    def run(self, program: Program) -> int:
        """Run a program to its end; return the exit status of its process.

        Raises:
            Stopped: The sequence was stopped.
        """
        with self._started() as (process, requests, answers):
            code = base64.b64encode(marshal.dumps(program.code)).decode()
            self._send(answers, {
                "path": str(program.path), "code": code, "steps": self._names,
                "is_python2": program.is_python2, "parent": os.getpid(),
            })  # fmt: skip
            while (line := self._next(requests)) is not None:
                self._send(answers, self._answer(json.loads(line)))
            return process.wait()

    @contextmanager
    def _started(self) -> Iterator[tuple[subprocess.Popen[bytes], TextIO, TextIO]]:
        theirs, ours = os.pipe(), os.pipe()
        with os.fdopen(theirs[0], encoding="utf-8") as requests, os.fdopen(ours[1], "w") as answers:
            try:
                process = subprocess.Popen(  # noqa: S603 - Python itself
                    [sys.executable, "-P", "-u", str(CHILD), str(theirs[1]), str(ours[0])],
                    pass_fds=(theirs[1], ours[0]),
                )
            finally:
                os.close(theirs[1])
                os.close(ours[0])
            try:
                yield process, requests, answers
            finally:
                _end(process)

    def _next(self, requests: TextIO) -> str | None:
        """Return the next request; None at the end."""
        while not select.select([requests], [], [], WAIT)[0]:
            self._run.check()
        return requests.readline() or None

    @staticmethod
    def _send(answers: TextIO, value: Any) -> None:
        with suppress(BrokenPipeError):  # the process has ended
            answers.write(json.dumps(value) + "\n")
            answers.flush()

    def _answer(self, request: list[Any]) -> tuple[str, Any]:
        """Return the answer to a request: its kind and its value."""
        try:
            return self._value(*request)
        except Exception as error:  # noqa: BLE001 - it is one of the sequence
            return "error", [type(error).__name__, str(error)]

    def _value(self, what: str, *arguments: Any) -> tuple[str, Any]:
        if what in self._functions:
            return "steps", [self._keep(one) for one in _listed(self._functions[what](*arguments))]
        step = self._steps[arguments[0]]
        match what, arguments[1:]:
            case "clone", _:
                return "value", self._keep(step())
            case "get", (name,) if name in READ:
                return "value", getattr(step, name)
            case "set", (name, value):
                if name in WRITTEN:
                    setattr(step, name, value)
                return "value", name in WRITTEN
            case "execute", (wait, env, timeout, place):
                step.place = ScriptPlace(*place)
                step.env = env  # the section has the dictionary, and may change it
                step.execute(wait, env, timeout)
            case "retry", (place,):
                step.place = ScriptPlace(*place)
                step.retry()
            case "result", (blocking,):
                return _result(step.result(blocking=blocking))
            case _:
                raise AttributeError(f"a step has no {arguments[-1]!r}")
        return "value", None

    def _keep(self, step: Step) -> str:
        """Keep a step, and return its key."""
        key = f"#{len(self._steps)}"
        self._steps[key] = step
        return key


def _listed(value: Step | list[Step]) -> list[Step]:
    return value if isinstance(value, list) else [value]


def _result(found: Result | None) -> tuple[str, Any]:
    if found is None:
        return "value", None
    return "result", {**found.fields, "status": found.status, "output": found.output}


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process, if it has not ended."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
