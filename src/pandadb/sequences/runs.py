"""Runs of sequence files: each in a thread; an interrupt ends them together."""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from pandadb.errors import PandaDBError
from pandadb.sequences.job_functions import job_functions
from pandadb.sequences.journal import SequenceStatus
from pandadb.sequences.language.builtin_names import names_for
from pandadb.sequences.language.programs import parse_program
from pandadb.sequences.language.refusals import refuse
from pandadb.sequences.language.statements import Interpreter
from pandadb.sequences.language.trusted import TrustedProcess
from pandadb.sequences.sections import InvalidSequence, read_sequence
from pandadb.sequences.sequence_run import LOGGER, SequenceHeld, SequenceRun, sentence
from pandadb.sequences.step_scripts import SHELL, ScriptRunner, Stopped
from pandadb.sequences.steps import SUBMITS, Step
from pandadb.services import failures

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pandadb.sequences.journal import Journal, SequenceJournal
    from pandadb.sequences.language.programs import Program
    from pandadb.sequences.local_jobs import LocalJobs
    from pandadb.sequences.results import ResultSource
    from pandadb.sequences.sections import SequenceFile

DONE, WRONG, INVALID = 0, 1, 2
"""Exit codes of a sequence."""
ASKS = re.compile(r"result|wait|execute\s*\(\s*(?!env\b)[^)\s]")
"""In a sequence: it may ask for the result of a step."""
ELSEWHERE = re.compile(r"PandaJob|isPanda")
"""In a sequence: it may have jobs that no step of it has submitted."""
PATIENCE = 10.0
"""Seconds that stopped sequences have to end."""


@dataclass(frozen=True)
class RunOptions:
    """How sequences are run."""

    trust_python: bool = False
    """Whether a section may use all of Python, in a process of its own."""
    scan_days: int = 3
    """Days for which frozen jobs and mails are looked for."""
    shell: str = SHELL
    """The shell of steps, with its options."""
    step_timeout: float | None = None
    """Seconds that a step may run."""


class SequenceEnd(NamedTuple):
    """The end of a sequence."""

    path: Path
    status: SequenceStatus
    code: int
    """The exit code: 0, that of `exit()`, 1 for an error, 2 for an invalid file."""
    message: str | None = None
    """The error in a sentence."""


class Prepared(NamedTuple):
    """A file that can be run."""

    file: SequenceFile
    program: Program


class SequenceRuns:
    """Runs of several sequences, which share a source of results."""

    def __init__(
        self,
        options: RunOptions,
        journal: Journal,
        show: Callable[[str], None],
        *,
        source: ResultSource | None = None,
        local_jobs: LocalJobs | None = None,
    ) -> None:
        """Make runs.

        Args:
            options: How they are run.
            journal: Where they are recorded.
            show: Shows text on standard output; called by several threads.
            source: Where results of jobs come from.
            local_jobs: The jobs of pbook on this machine.
        """
        self._options, self._journal, self._show = options, journal, show
        self._source, self._local_jobs = source, local_jobs
        self._runners: list[ScriptRunner] = []
        """One for each sequence: so one can be ended alone."""
        self._stopped = threading.Event()
        self._is_alone = False
        """Whether only one sequence runs: then its steps may read from the terminal."""

    def run(self, paths: Sequence[Path]) -> list[SequenceEnd]:
        """Run sequence files at once, and return their ends; an error of one stops no other.

        Of several files the errors are logged when they come.
        """
        ends: list[SequenceEnd | None] = [None] * len(paths)
        self._is_alone = len(paths) == 1
        prepared = [self._prepare(path) for path in paths]

        def play(place: int) -> None:
            end = ends[place] = self._play(prepared[place])
            if len(paths) > 1 and end.message:
                LOGGER.error(end.message)

        threads = [
            threading.Thread(target=play, args=(place,), name=f"sequence {path}", daemon=True)
            for place, path in enumerate(paths)
        ]
        for one in threads:
            one.start()
        for one in threads:
            self._join(one)
        return [
            end or SequenceEnd(path, SequenceStatus.STOPPED, WRONG)
            for path, end in zip(paths, ends, strict=True)
        ]

    def _join(self, thread: threading.Thread) -> None:
        """Wait for a thread; if it was stopped, for some seconds."""
        while thread.is_alive() and not self._stopped.is_set():
            thread.join(0.1)
        thread.join(PATIENCE)

    def stop(self, *, kill: bool = False) -> None:
        """End all sequences and the process groups of their steps, and nothing else."""
        self._stopped.set()
        for runner in [*self._runners]:
            runner.stop(kill=kill)

    def _prepare(self, path: Path) -> Prepared | SequenceEnd:
        """Return a file that can be run; else its end."""
        try:
            file = read_sequence(path)
            return Prepared(file, checked_program(file, self._options))
        except InvalidSequence as error:
            return SequenceEnd(path, SequenceStatus.FAILED, INVALID, str(error))

    def _play(self, prepared: Prepared | SequenceEnd) -> SequenceEnd:
        """Run a file to its end."""
        if isinstance(prepared, SequenceEnd):
            return prepared
        path, text = prepared.file.path, prepared.file.text
        try:
            journal = self._journal.begin(path, text, _texts(self._options))
        except (PandaDBError, failures.DBAPIError) as error:
            return SequenceEnd(path, SequenceStatus.FAILED, WRONG, f"{path}: {sentence(error)}")
        end = self._played(*prepared, journal)
        try:
            journal.end(end.status, end.message)
        except (PandaDBError, failures.DBAPIError) as error:
            LOGGER.error("%s: the end is not recorded: %s", path, sentence(error))
        return end

    def _played(
        self, file: SequenceFile, program: Program, journal: SequenceJournal
    ) -> SequenceEnd:
        """Run a program; return its end, however it ends."""
        runner = ScriptRunner(self._show, shell=self._options.shell, uses_terminal=self._is_alone)
        self._runners.append(runner)
        if self._stopped.is_set():
            runner.stop()
        journal.on_refusal(runner.stop)
        run = SequenceRun(
            runner, self._show, self._source, self._local_jobs, journal, self._stopped,
            self._options.scan_days, self._options.step_timeout,
        )  # fmt: skip
        steps = {name: Step(run, name, section.text) for name, section in file.steps.items()}
        try:
            if self._options.trust_python:
                status = TrustedProcess(run, steps, job_functions(run)).run(program)
                return _ended(file.path, status)
            return _interpreted(program, run, steps)
        except SequenceHeld as error:
            return SequenceEnd(file.path, SequenceStatus.FAILED, WRONG, f"{file.path}: {error}")
        except Stopped:
            return SequenceEnd(file.path, SequenceStatus.STOPPED, WRONG, _refusal_of(journal))
        except OSError as error:
            return SequenceEnd(file.path, SequenceStatus.FAILED, WRONG, f"{file.path}: {error}")


def _refusal_of(journal: SequenceJournal) -> str | None:
    """Return why a sequence was stopped, if its journal has a reason."""
    try:
        journal.check()
    except PandaDBError as error:
        return str(error)
    return None


def may_ask_for_results(paths: Sequence[Path]) -> bool:
    """Report whether a sequence asks for results of jobs: those it submits, or of elsewhere."""
    for path in paths:
        try:
            file = read_sequence(path)
        except InvalidSequence:
            continue
        if ELSEWHERE.search(file.sequence.text):
            return True
        scripts = [section.text for section in (*file.steps.values(), file.sequence)]
        if ASKS.search(file.sequence.text) and any(map(SUBMITS.search, scripts)):
            return True
    return False


def checked_program(file: SequenceFile, options: RunOptions) -> Program:
    """Return the program of a file, which may be run with these options.

    Raises:
        InvalidSequence: It is no Python, or not of the subset.
    """
    program = parse_program(file)
    if not options.trust_python:
        refuse(program, steps=file.steps)
    return program


def _interpreted(program: Program, run: SequenceRun, steps: dict[str, Step]) -> SequenceEnd:
    names = names_for(run, is_python2=program.is_python2)
    interpreter = Interpreter(names, run.check, {**steps, **job_functions(run)})
    try:
        interpreter.run(program.tree)
    except SystemExit as end:
        return _ended(program.path, end.args[0] if end.args else None)
    except Stopped:
        raise
    except BaseException as error:  # noqa: BLE001 - a sequence may raise any
        where = f"{program.path}, line {interpreter.line}"
        message = f"{where}: {type(error).__name__}: {error}"
        return SequenceEnd(program.path, SequenceStatus.FAILED, WRONG, message)
    return _ended(program.path, None)


def _ended(path: Path, status: Any) -> SequenceEnd:
    """Return the end of a sequence that has given a status, as sys.exit takes it."""
    if status is None or status == 0:
        return SequenceEnd(path, SequenceStatus.FINISHED, DONE)
    if isinstance(status, int):
        code = status if 0 < status <= 255 else WRONG
        return SequenceEnd(path, SequenceStatus.FAILED, code, f"{path} ended with status {status}")
    return SequenceEnd(path, SequenceStatus.FAILED, WRONG, f"{path}: {status}")


def _texts(options: RunOptions) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(options).items()}
