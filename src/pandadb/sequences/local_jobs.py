"""The jobs of pbook's database on this machine, `pandajob.db`, and retries by pbook.

Older clients keep their jobs in this SQLite file; for current ones there is none, and pbook asks
the server.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING, NamedTuple

from pandadb.sequences.results import JobNumbers

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.sequences.step_scripts import ScriptRunner

FILE = "pandajob.db"
COLUMNS = "JobID, groupID, dbStatus, retryID, retryJobsetID"
ALL = f"SELECT {COLUMNS} FROM jobtable_0_0_1 ORDER BY id"  # noqa: S608 - constants
FROZEN = "frozen"
"""The status of jobs that have ended."""
RETRIES = 3
"""Times that a job is retried at most."""
NUMBERLESS = (0, -1)
"""Numbers for none."""


class LocalJob(NamedTuple):
    """A row of pbook's database."""

    job: int
    jobset: int | None
    status: str
    is_retried: bool
    retried_as: int | None
    """The job set that has retried it; it may be named before pbook marks the job as retried."""


class Retried(NamedTuple):
    """The outcome of a retry."""

    numbers: JobNumbers
    """The new jobs; at a problem the last ones that are known."""
    problem: str = ""
    """Why there are no new ones."""


class LocalJobs:
    """The jobs in the folder of pbook's database."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE

    @property
    def is_there(self) -> bool:
        """Whether pbook keeps its jobs here."""
        return self._file.is_file()

    def running(self, runner: ScriptRunner) -> list[JobNumbers]:
        """Return the job sets, and jobs without one, of which a job has not ended; by number."""
        if not self.is_there:
            return []
        runner.run("pbook -c 'sync()'")
        found = set()
        for job in self._read():
            if job.status != FROZEN:
                found.add((job.jobset or job.job, job.jobset is not None))
        return [
            JobNumbers(jobset=number) if is_jobset else JobNumbers(job=number)
            for number, is_jobset in sorted(found)
        ]

    def retry(self, runner: ScriptRunner, numbers: JobNumbers) -> Retried:
        """Retry jobs by pbook.

        Job sets that were retried before are followed to the last one.
        """
        if not self.is_there:
            end = runner.run(f"pbook -c 'retry({numbers.task or numbers.number})'")
            problem = f"ERROR : pbook ended with status {end.status}" if end.status else ""
            return Retried(numbers, problem)
        runner.run("pbook -c 'sync()'")
        for attempt in range(RETRIES):
            job = self._find(numbers.number)
            if job is None:
                problem = f"ERROR : cannot find JobsetID={numbers.number} in local DB"
                return Retried(numbers, problem)
            if not job.is_retried:
                break
            if attempt + 1 == RETRIES:
                return Retried(numbers, f"ERROR : already retried {RETRIES} times")
            numbers = JobNumbers(jobset=job.retried_as)
        return self._retried(runner, numbers)

    def _retried(self, runner: ScriptRunner, numbers: JobNumbers) -> Retried:
        number = numbers.number
        runner.run(f"pbook -c 'retry({number})'")
        job = self._find(number)
        if job is None:
            return Retried(
                numbers, f"ERROR : cannot find JobsetID={number} in local DB after retry"
            )
        if job.retried_as is None:
            return Retried(numbers, f"ERROR : failed to retry JobsetID={number}")
        return Retried(JobNumbers(jobset=job.retried_as))

    def _find(self, number: int) -> LocalJob | None:
        """Return a job of a job set, or the job of that number; one that has ended comes first."""
        jobs = self._read()
        found = [job for job in jobs if job.jobset == number]
        found = found or [job for job in jobs if job.job == number]
        return min(
            found, key=lambda job: (job.status != FROZEN, job.retried_as is None), default=None
        )

    def _read(self) -> list[LocalJob]:
        """Return all jobs; of a job with several rows the frozen one."""
        jobs: dict[int, LocalJob] = {}
        with closing(sqlite3.connect(f"{self._file.as_uri()}?mode=ro", uri=True)) as base:
            for job, jobset, status, retry_id, retry_jobset in base.execute(ALL):
                retry, named = _number(retry_id), _number(retry_jobset)
                is_retried, retried_as = retry is not None, named or retry
                one = LocalJob(int(job), _number(jobset), str(status), is_retried, retried_as)
                if one.job not in jobs or one.status == FROZEN:
                    jobs[one.job] = one
        return [*jobs.values()]


def _number(value: object) -> int | None:
    """Return a number of the database, which may be text; None for none."""
    with suppress(TypeError, ValueError):
        number = int(str(value))
        return None if number in NUMBERLESS else number
    return None
