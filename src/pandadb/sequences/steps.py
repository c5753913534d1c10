"""Steps as the sequence sees them: they are executed, and have a result."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pandadb.sequences.journal import Action, StepRecord
from pandadb.sequences.results import JobNumbers, Result
from pandadb.sequences.sequence_run import LOGGER

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandadb.sequences.journal import StepAttempt
    from pandadb.sequences.results import FoundResult
    from pandadb.sequences.sequence_run import SequenceRun
    from pandadb.sequences.step_scripts import ScriptPlace

SUBMITS = re.compile(r"(?:^|[\s;/])(?:pathena|prun)\s", re.MULTILINE)
"""In a script: a command that submits jobs."""
NUMBERS = {
    **{
        kind: re.compile(
            rf"^[^\S\n]*{name}[^\S\n]+:[^\S\n]+(\d{{1,18}})(?!\d)", re.MULTILINE | re.ASCII
        )
        for kind, name in (("jobset", "JobsetID"), ("job", "JobID"))
    },
    "task": re.compile(r"jediTaskID\s*[=:]\s*(\d{1,18})(?!\d)", re.ASCII),
}
"""Lines that a submission prints, by the number that they give."""
CLOCKS = timedelta(hours=1)
"""Difference of clocks: a result may be so much older than its submission."""
FAILED = 255
"""Status of a step whose jobs cannot be retried."""


class Step:
    """A step of a sequence; its public names are those of the original."""

    def __init__(self, run: SequenceRun, name: str, command: str) -> None:
        self.name = name
        self.command = self._script = command
        self.status = 0
        self.output = ""
        self.wait: bool | None = None
        self.env: Mapping[str, Any] | None = None
        self.own: dict[str, Any] = {}
        """Values that the sequence keeps in the step."""
        self.place: ScriptPlace | None = None
        """Where the script runs, if elsewhere than this process."""
        self._run = run
        self.isPanda = False  # the original's name
        """Whether the step has submitted jobs."""
        self._numbers: JobNumbers | None = None
        self._attempt: StepAttempt | None = None
        self._newer_than: datetime | None = None
        self._found: FoundResult | None = None

    @classmethod
    def of_jobs(
        cls, run: SequenceRun, numbers: JobNumbers, found: FoundResult | None = None
    ) -> Step:
        """Return a step for jobs that were submitted elsewhere, perhaps with their result."""
        step = cls(run, f"PandaJob{numbers.number}", "")
        step._take_numbers(numbers, found)
        return step

    def __call__(self) -> Step:
        """Return a step with the same script, which has not been executed."""
        return Step(self._run, self.name, self._script)

    @property
    def JobID(self) -> int | None:  # noqa: N802 - the original's name
        """The number of the job set, or of the task, that the step has submitted."""
        return self._numbers.number if self._numbers else None

    @JobID.setter
    def JobID(self, number: Any) -> None:  # noqa: N802 - the original's name
        """Let the step have other jobs, which count if `isPanda` is true."""
        self._numbers = None if number is None else JobNumbers(jobset=int(number))
        self._found = self._newer_than = None

    @property
    def _jobs(self) -> JobNumbers | None:
        """The jobs that the result waits for."""
        return self._numbers if self.isPanda else None

    def execute(
        self,
        wait: bool = False,
        env: Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> None:
        """Run the script. The `wait` and the `env` of the first call hold for all.

        Args:
            wait: Also wait for the result of the jobs that it submits.
            env: Variables of the script; values are made texts, and arrive as they are.
            timeout: Seconds that it may run; then its status is 124.

        Raises:
            TypeError: `env` is no dictionary.
            ValueError: A variable has a name or a value that none can have.
        """
        self.wait = wait if self.wait is None else self.wait
        if self.env is None:
            self.env = {} if env is None else env
        variables = checked_env(self.env, self._run.text_of)
        attempt = self._run.attempt(self.name, variables)
        limit = self._run.step_timeout if timeout is None else timeout
        self._take(attempt, self._run.recorded(attempt, lambda: self._execute(variables, limit)))
        if self._jobs and self.wait:
            self.result()

    def _execute(self, env: Mapping[str, str], timeout: float | None) -> StepRecord:
        begun_at = now()
        self._run.settle()
        self._run.show(f"=== {self.name} start\n{self.command}\n===\n")
        end = self._run.runner.run(self.command, env, timeout=timeout, place=self.place)
        if end.status:
            self._run.show(f"ERROR: {self.name} failed\n")
            LOGGER.info("%s failed with status %s", self.name, end.status)
        numbers = None if end.status else submitted(exported(env) + self.command, end.output)
        if not self.command:  # a step for jobs of elsewhere has no script
            numbers = self._jobs
        return StepRecord(end.status, end.output, begun_at, numbers)

    def _take(self, attempt: StepAttempt, record: StepRecord) -> None:
        self.status, self.output = record.status, record.output
        self._attempt = attempt
        self._take_numbers(record.numbers, record.result)
        self._newer_than = record.begun_at - CLOCKS

    def _take_numbers(self, numbers: JobNumbers | None, found: FoundResult | None) -> None:
        self._numbers, self._found, self.isPanda = numbers, found, numbers is not None

    def result(self, blocking: bool = True) -> Result | None:
        """Return the result; for jobs with the fields of their notification.

        Without `blocking` it is None while the jobs have not ended.

        Raises:
            RuntimeError: Results of jobs have no source.
            Stopped: The sequence was stopped.
        """
        if self._jobs is None:
            return Result(self.status, self.output)
        found = self._found or self._awaited(self._jobs, blocking=blocking)
        if found is None:
            return None
        if self._found is None:
            self._found = found
            self._run.take_result(self._attempt, found)
        return Result(self.status, self.output, found.fields)

    def _awaited(self, numbers: JobNumbers, *, blocking: bool) -> FoundResult | None:
        found = self._run.find(numbers, self._newer_than)
        if found is None and not blocking:
            self._run.pause()
        if found is not None or not blocking:
            return found
        LOGGER.info("Waiting for the result of %s", numbers)
        for _ in self._run.waits():
            if found := self._run.find(numbers, self._newer_than):
                break
        return found

    def retry(self) -> None:
        """Run the step again; jobs are retried by pbook, and the result is that of the new ones.

        If pbook does not retry them, the status is 255, and the output has the reason.
        """
        if self._jobs is None:
            self.execute()
            return
        numbers, last = self._jobs, self._found
        attempt = self._run.attempt(self.name, {"JobID": str(numbers.number)}, Action.RETRY)
        record = self._run.recorded(attempt, lambda: self._retry(numbers))
        if record.status:
            self.status, self.output = record.status, record.output
            if record.numbers != numbers:  # they were retried before
                self._attempt = attempt
                self._take_numbers(record.numbers, None)
            return
        self._take(attempt, record)
        if record.numbers == numbers and last is not None:
            self._newer_than = last.ended_at

    def _retry(self, numbers: JobNumbers) -> StepRecord:
        jobs, begun_at = self._run.local_jobs, now()
        if jobs is None:
            return StepRecord(FAILED, "ERROR : there is no pbook", begun_at, numbers)
        retried = jobs.retry(self._run.runner, numbers)
        status = FAILED if retried.problem else 0
        return StepRecord(status, retried.problem, begun_at, retried.numbers)


def exported(env: Mapping[str, str]) -> str:
    """Return variables as lines of a script: a command in a value may submit jobs, too."""
    return "".join(f'export {name}="{value}"\n' for name, value in env.items())


def checked_env(env: Any, text_of: Callable[[Any], str] = str) -> dict[str, str]:
    """Return the variables of a step as texts.

    Raises:
        TypeError: It is no dictionary.
        ValueError: A variable has a name or a value that none can have.
    """
    if not isinstance(env, Mapping):
        raise TypeError(f"env has to be a dictionary, not {type(env).__name__}")
    found = {str(name): text_of(value) for name, value in env.items()}
    for name, value in found.items():
        if not name or "=" in name or "\0" in name + value:
            raise ValueError(f"env has {name!r}: no variable can be called or be so")
    return found


def submitted(command: str, output: str) -> JobNumbers | None:
    """Return the numbers of the jobs that a script has submitted; None for other scripts.

    The last number counts. Current clients print the task, older ones the job set.
    """
    if not SUBMITS.search(command):
        return None
    found = {
        kind: int(numbers[-1])
        for kind, pattern in NUMBERS.items()
        if (numbers := pattern.findall(output))
    }
    return JobNumbers(**found) if {"jobset", "task"} & found.keys() else None


def now() -> datetime:
    """Return the time in UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)
