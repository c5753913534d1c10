"""The processes of a scenario: a producer at a fixed rate, and workers that one may kill.

A worker of this harness is a loop on `services.queue`: claim, start, note the execution, finish.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pandadb.core.control.locks import ControlLocked
from pandadb.core.jobs.refusals import JobsLocked
from pandadb.database import Database, DatabaseUnreachable
from pandadb.database.pool import PoolExhausted
from pandadb.services import queue
from pandadb.services.queue import NewQueueJob
from pandadb.worker.prefetch import PrefetchingLoop
from pandadb.worker.reconnects import limit_idle_transactions
from pandadb.worker.worker_options import WorkerOptions
from tests.chaos.payloads import HANDLER, SERVER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from sqlalchemy import Connection

Result = TypeVar("Result")

FORK = multiprocessing.get_context("fork")
TROUBLE = (DBAPIError, DatabaseUnreachable, JobsLocked, ControlLocked, PoolExhausted)
LEASE = 3.0
"""Seconds: the jobs of a killed worker wait for so long."""
SLOTS = 8
POLL = 0.05
RATE = 40
"""Jobs a second: far below what two workers can do, also where other tests run."""
TICK = 0.25
"""Seconds between two submissions."""
MAX_ATTEMPTS = 100
EXECUTED = """
CREATE TABLE public.executed (pandaid bigint, token bigint, at timestamptz DEFAULT now())
"""
EXECUTE = text("INSERT INTO public.executed (pandaid, token) SELECT * FROM unnest(:jobs, :tokens)")
NAMED = text("SELECT count(*) FROM pandadb.job_control WHERE name = ANY(:names)")


def until_answered(call: Callable[[], Result]) -> Result:
    """Return the result of a call; in trouble it is made again, as an idempotent one may be."""
    while True:
        try:
            return call()
        except TROUBLE:
            time.sleep(random.uniform(0.05, 0.15))


def work(url: str, queues: Sequence[str], seconds: float, slots: int, number: int) -> None:
    """Take jobs and finish them until somebody kills us; a payload takes so many seconds."""
    owner = f"worker {number}:{os.getpid()}"
    reaped = time.monotonic()
    with Database(url, pool_size=2, max_overflow=0) as database:
        while True:
            with suppress(*TROUBLE):
                leases = queue.claim(database, queues, slots, owner=owner, lease=LEASE)
                if time.monotonic() - reaped > LEASE / 4:
                    queue.reap(database)
                    reaped = time.monotonic()
                if not leases:
                    time.sleep(POLL * random.uniform(0.5, 1.5))
                    continue
                queue.start(database, leases)
                _execute(database, leases)
                time.sleep(seconds)
                until_answered(lambda leases=leases: queue.finish(database, leases))  # type: ignore[misc]


def work_really(url: str, queues: Sequence[str], slots: int, folder: Path) -> None:
    """Be a worker of `pandadb worker run --prefetch` until somebody kills us."""
    SERVER["url"] = url
    with Database(url, pool_size=4) as database:
        options = WorkerOptions(
            queues, folder, slots=slots, lease=LEASE, poll=0.5, grace=1, drain_timeout=1
        )
        limit_idle_transactions(database, LEASE)
        PrefetchingLoop(database, options, slots).run()


def warm_up(url: str) -> None:
    """Take a job through its life, so that processes forked from here need not compile anything."""
    with Database(url) as database:
        queue.submit(database, [NewQueueJob("warm up", "warm up")])
        leases = queue.claim(database, ["warm up"], owner="warm up")
        queue.start(database, leases)
        _execute(database, leases)
        queue.finish(database, leases)
        queue.reap(database)


def _execute(database: Database, leases: Sequence[queue.Lease]) -> None:
    """Do what the payload does: note that it was executed, and under which token."""
    given = {"jobs": [one.pandaid for one in leases], "tokens": [one.token for one in leases]}
    with database.transaction() as connection:
        connection.execute(EXECUTE, given)


@dataclass
class Load:
    """What a producer does: jobs a second, round-robin into queues; the rate may be changed."""

    queues: Sequence[str] = ("chaos",)
    rate: int = RATE
    factor: float = 1.0
    seconds: float = 0.0
    """Seconds of a payload, for the workers of `pandadb worker run`."""

    def __post_init__(self) -> None:
        self.shared = FORK.RawValue("d", self.factor)


def produce(url: str, load: Load, acknowledged: Path) -> None:
    """Submit jobs at a fixed rate until somebody kills us; write the names of those that are in.

    After an error nobody knows whether they are: so it is looked up by their names.
    """
    number, due = 0, time.monotonic()
    with Database(url, pool_size=1, max_overflow=0) as database, acknowledged.open("a") as known:
        while True:
            due = max(due + TICK, time.monotonic())
            size = round(load.rate * load.shared.value * TICK)
            names = [f"job {number + n}" for n in range(size)]
            number += size
            if size:
                _submit(database, load, names)
                known.write("".join(f"{name}\n" for name in names))
                known.flush()
            time.sleep(max(0, due - time.monotonic()))


def _submit(database: Database, load: Load, names: Sequence[str]) -> None:
    jobs = [
        NewQueueJob(
            load.queues[n % len(load.queues)],
            name,
            handler=HANDLER,
            arguments={"seconds": load.seconds},
            max_attempts=MAX_ATTEMPTS,
        )
        for n, name in enumerate(names)
    ]

    def there(connection: Connection) -> bool:
        return connection.scalar(NAMED, {"names": [*names]}) == len(names)

    doubtful = False
    while True:
        try:
            with database.transaction() as connection:
                is_in = doubtful and there(connection)
            if not is_in:
                queue.submit(database, jobs)
        except TROUBLE:
            doubtful = True
            time.sleep(0.1)
        else:
            return


@dataclass
class Fleet:
    """The processes of a scenario."""

    url: str
    load: Load
    acknowledged: Path
    payload: float = 0.0
    """Seconds that the payloads of one claim take together."""
    slots: int = SLOTS
    real: bool = False
    """Whether the workers are those of `pandadb worker run`, and not the loop of the harness."""
    workers: list[BaseProcess] = field(default_factory=list)
    producer: BaseProcess | None = None

    def start(self, workers: int = 2) -> None:
        """Start all."""
        self.workers = [self._worker(number) for number in range(workers)]
        self.producer = FORK.Process(
            target=produce, args=(self.url, self.load, self.acknowledged), daemon=True
        )
        self.producer.start()

    def _worker(self, number: int) -> BaseProcess:
        given = (self.url, self.load.queues, self.payload, self.slots, number)
        worker = FORK.Process(target=work, args=given, daemon=True)
        if self.real:
            really = (self.url, self.load.queues, self.slots, self.acknowledged.parent)
            worker = FORK.Process(target=work_really, args=really, daemon=True)
        worker.start()
        return worker

    def kill(self, number: int) -> None:
        """Kill a worker."""
        self.workers[number].kill()
        self.workers[number].join()

    def restart(self, number: int) -> None:
        """Start a worker that was killed."""
        self.workers[number] = self._worker(number)

    def stop_producer(self) -> None:
        """End the producer, between two submissions or in one."""
        if self.producer is not None:
            self.producer.kill()
            self.producer.join()

    def stop(self) -> None:
        """End all."""
        self.stop_producer()
        for number in range(len(self.workers)):
            self.kill(number)
