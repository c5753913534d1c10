"""The functions of a sequence that give jobs which were submitted elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.sequences.results import JobNumbers
from pandadb.sequences.steps import Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandadb.sequences.sequence_run import SequenceRun


def job_functions(run: SequenceRun) -> dict[str, Callable[..., Any]]:
    """Return the functions by their names in a sequence."""
    return {
        "getPandaJob": lambda *numbers: submitted_elsewhere(run, numbers[0]),
        "getRunningPandaJobs": lambda *_: running_steps(run),
        "getFrozenPandaJobs": lambda *_: frozen_steps(run),
    }


def submitted_elsewhere(run: SequenceRun, number: Any) -> Step:
    """Return a step for the jobs of a number.

    Raises:
        ValueError: It is no number.
    """
    step = Step.of_jobs(run, JobNumbers(jobset=int(number)))
    step.name = f"PandaJob{number}"
    return step


def running_steps(run: SequenceRun) -> list[Step]:
    """Return steps for the jobs that have not ended, of pbook's database and of the source."""
    run.check()
    found = {} if run.local_jobs is None else _by_number(run.local_jobs.running(run.runner))
    if run.source is not None:
        found = {**_by_number(run.source.running()), **found}
    return [Step.of_jobs(run, found[number]) for number in sorted(found)]


def _by_number(jobs: Any) -> dict[int, JobNumbers]:
    return {one.number: one for one in jobs}


def frozen_steps(run: SequenceRun) -> list[Step]:
    """Return steps for the jobs that have ended in the last days, each once, with their results.

    Raises:
        RuntimeError: Results of jobs have no source.
    """
    run.check()
    if run.source is None:
        raise RuntimeError("There is neither a mailbox in panda.cfg nor PANDADB_URL to find jobs")
    steps: dict[int, Step] = {}
    for one in run.source.frozen(run.scan_days):
        steps.setdefault(one.numbers.number, Step.of_jobs(run, one.numbers, one))
    return [*steps.values()]
