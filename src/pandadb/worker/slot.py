"""A slot of a worker: one job from its claim to the end that the database has."""

from __future__ import annotations

import logging
import socket
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from pandadb.errors import InvalidInput, PandaDBError
from pandadb.services import queue
from pandadb.services.queue import Failure, LeaseLost, PayloadNeeds, Success
from pandadb.worker.job_run import JobAttempt, JobRun
from pandadb.worker.payload.outcome import PayloadOutcome, StopReason
from pandadb.worker.payload.tails import as_text, join_tails
from pandadb.worker.reconnects import persist

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandadb.database import Database
    from pandadb.worker.held_jobs import HeldJob
    from pandadb.worker.worker_options import WorkerOptions

logger = logging.getLogger("pandadb.worker")


class Slot:
    """The work of one job. It runs in a thread of its own."""

    def __init__(
        self,
        database: Database,
        options: WorkerOptions,
        job: HeldJob,
        wait: Callable[[float], bool],
    ) -> None:
        self._database, self._options, self._job = database, options, job
        self._wait = wait
        self._needs = PayloadNeeds()

    def work(self) -> str:
        """Run the job; return its state afterwards, or `lost`, `left` if its end is not stored."""
        outcome = None
        try:
            outcome = self._begin()
            state = self._store(outcome) if outcome else "lost"
        except LeaseLost:
            state = "lost"
        if state == "finished" and not self._options.keep:
            self._remove_directory()
        seconds, error = (outcome.seconds, outcome.error) if outcome else (0.0, None)
        words = f": {error}" if error else ""
        logger.info("Job %s: %s after %.1f s%s", self._job.lease.pandaid, state, seconds, words)
        return state

    def _store(self, outcome: PayloadOutcome) -> str:
        """Store the end; one that the database refuses, such as a value too long, is a failure."""
        what = "its end cannot be stored"
        try:
            return self._call(what, partial(self._end, outcome)) or "left"
        except InvalidInput as error:
            refused = PayloadOutcome(error=f"The result is refused: {error}", is_retryable=False)
            return self._call(what, partial(self._end, refused)) or "left"

    def _remove_directory(self) -> None:
        if self._job.run and self._job.run.directory:
            self._job.run.directory.remove()

    def _call(self, what: str, call: Callable[[], Any]) -> Any:
        return persist(f"Job {self._job.lease.pandaid}: {what}", call, self._wait)

    def _begin(self) -> PayloadOutcome | None:
        """Run the payload; return its outcome, or None if the job is not the worker's any more."""
        job, lease = self._job, self._job.lease
        if job.is_stopped:
            return PayloadOutcome(reason=job.stop_reason)
        what = "it cannot be started"
        needs = self._call(what, lambda: queue.payload_needs(self._database, [lease]))
        started = self._call(what, lambda: queue.start(self._database, [lease]))
        if not started or lease.pandaid not in started.jobs:
            return PayloadOutcome(reason=StopReason.CANCELLED) if job.is_cancelled else None
        self._needs = needs.get(lease.pandaid, self._needs) if needs else self._needs
        if lease.kind == "none":
            return PayloadOutcome()
        return self._run()

    def _run(self) -> PayloadOutcome:
        lease = self._job.lease
        attempt = JobAttempt(
            lease.pandaid,
            lease.token,
            lease.parameters,
            self._needs.columns,
            self._needs.resources,
            lease.attemptnr,
            lease.name or "",
            lease.public_id,
            self._job.seconds_left,
            self._options.lease_grace,
        )
        try:
            run = JobRun(attempt, self._options.place)
        except PandaDBError as error:
            return PayloadOutcome(error=str(error))
        self._job.begin(run)
        logger.info("Job %s runs, attempt %s", lease.pandaid, lease.attemptnr)
        return run.wait()

    def _end(self, outcome: PayloadOutcome) -> str:
        """Store the end of the job; return its state.

        Raises:
            LeaseLost: The job is not the worker's any more; nothing was changed.
        """
        job, lease = self._job, self._job.lease
        if job.is_lost:
            raise LeaseLost(f"Job {lease.pandaid} is no longer this worker's")
        self._store_tail(outcome)
        if outcome.is_ok:
            done = queue.finish(
                self._database,
                Success(lease, self._result(outcome)),
                files=self._files(outcome),
                **self._usage(outcome),
            )
        elif job.is_cancelled:
            done = queue.end_cancelled(self._database, lease)
        elif outcome.reason in (StopReason.DRAIN, StopReason.LEASE, StopReason.WORKER):
            done = queue.give_back(self._database, lease)
        else:
            done = queue.fail(self._database, self._failure(outcome))
        return done.jobs.get(lease.pandaid) or f"refused: {done.refused.get(lease.pandaid)}"

    def _failure(self, outcome: PayloadOutcome) -> Failure:
        return Failure(
            self._job.lease,
            as_text(outcome.error or "The payload has failed"),
            retryable=outcome.is_retryable,
            retry_in=outcome.retry_in,
            exit_code=outcome.exit_code,
            result=outcome.result,
        )

    def _store_tail(self, outcome: PayloadOutcome) -> None:
        tail = join_tails(outcome.output.get("stdout", ""), outcome.output.get("stderr", ""))
        if tail != self._job.tail:
            queue.store_tails(self._database, [(self._job.lease, tail)])
            self._job.tail = tail

    def _result(self, outcome: PayloadOutcome) -> Any:
        """Return the metadata of the job: a function's result; of a program, more about its end."""
        if self._job.lease.kind != "argv":
            return outcome.result
        run = self._job.run
        return {
            "exit_code": outcome.exit_code,
            "result": outcome.result,
            "outputs": [asdict(one) for one in outcome.outputs],
            "stdout": outcome.output.get("stdout", ""),
            "host": socket.gethostname(),
            "directory": str(run.directory.path) if run and run.directory else None,
        }

    def _files(self, outcome: PayloadOutcome) -> dict[str, dict[str, Any]] | None:
        """Return the report on the outputs that the job has in FILESTABLE4."""
        found = {
            one.name: {"fsize": one.size, "checksum": one.checksum}
            for one in outcome.outputs
            if one.name in self._needs.outputs
        }
        return found or None

    def _usage(self, outcome: PayloadOutcome) -> dict[str, Any]:
        if outcome.exit_code is None:
            return {}
        return {
            "transexitcode": str(outcome.exit_code),
            "cpuconsumptiontime": round(outcome.cpu_seconds),
            "maxrss": outcome.max_rss,
        }
