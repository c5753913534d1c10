"""Jobs generated of the input of tasks: `pandadb tasks generate`."""

from __future__ import annotations

import random as random_module
import socket
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from pandadb.core.generation import generated_jobs, generator, unmerged_datasets
from pandadb.core.generation.generator import Generation
from pandadb.core.generation.picking import candidates, queue_configurations
from pandadb.core.generation.picking.queue_configurations import UnknownQueue
from pandadb.core.generation.picking.task_locks import LEAST_REST
from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks import min_task_ids
from pandadb.core.tasks.changes import agent_states
from pandadb.core.tasks.search.pages import TaskNotFound
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from pandadb.core.generation.generated_jobs import GeneratedJob
    from pandadb.core.generation.slices import Queue
    from pandadb.database import Database

MOST_TASKS = 10
"""Tasks of one call."""


@dataclass(frozen=True)
class GeneratedTask:
    """What a generation has done with a task."""

    jeditaskid: int
    status: str
    """The state of the task afterwards."""
    text: str | None = None
    """The reason why it is on hold, if it is."""
    jobs: list[GeneratedJob] = field(default_factory=list)
    is_refused: bool = False
    """Whether it is left as it was, for the reason in the text."""


def generate(
    database: Database,
    tasks: Sequence[int],
    queues: Sequence[Queue],
    *,
    cloud: str | None = None,
    nfiles: int = 100,
    random: Random | None = None,
    job_host: str | None = None,
    rest: timedelta = LEAST_REST,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> list[GeneratedTask]:
    """Generate jobs of the input of tasks; each task is a transaction of its own.

    A task that another generator works on, or that has no input, gets no jobs; calling it again
    goes on with the input that is left, so that several generators may run side by side. Of
    several tasks, one that is refused has the reason in its text, and the others go on.

    Args:
        database: Where the tasks are.
        tasks: Ids of tasks.
        queues: The queues that a brokerage has found for them, in its order.
        cloud: The cloud of the jobs; None leaves that of the tasks.
        nfiles: The largest number of files of a master dataset; less than 100 count as 100.
        random: Draws the queues; by default it is seeded by the system.
        job_host: The host in the status log of jobs, if it is another than that of `options`.
        rest: The time for which a task must not have been touched; 10 minutes leave it to agents
            that work on it in turns.
        options: The host in the status log of tasks, locks, dry run.

    Raises:
        InvalidValue: The only task has a rule in SPLITRULE that is unknown or not supported.
        UnknownQueue: No row of SCHEDCONFIG_JSON has the name of a queue.
    """
    how = _generation(
        queues,
        cloud=cloud,
        nfiles=nfiles,
        random=random,
        job_host=job_host,
        rest=rest,
        options=options,
    )
    wanted = [*dict.fromkeys(tasks)]
    if len(wanted) == 1:
        return [_generate(database, wanted[0], how, options)]
    return [_tried(database, task, how, options) for task in wanted]


def generate_waiting(
    database: Database,
    queues: Sequence[Queue],
    *,
    vo: str,
    label: str | None = None,
    cloud: str | None = None,
    beside: int,
    limit: int = MOST_TASKS,
    nfiles: int = 100,
    random: Random | None = None,
    job_host: str | None = None,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> list[GeneratedTask]:
    """Generate jobs of tasks that wait, the most urgent first: those of the same kind as one.

    They are of a VO, a label and a cloud (None or `any`: all), and of the work queue or share and
    of the resource type of the task `beside`; see `generate` for the rest.

    Raises:
        TaskNotFound: The task `beside` does not exist; or see `generate`.
    """
    with transaction(database, options) as connection:
        min_task_ids.refresh(connection)
        selection = candidates.like(connection, beside, vo, label or "any", cloud or "any")
        tasks = candidates.candidates(connection, selection, limit)
    return generate(
        database,
        tasks,
        queues,
        cloud=cloud,
        nfiles=nfiles,
        random=random,
        job_host=job_host,
        options=options,
    )


def generate_rounds(
    database: Database,
    tasks: Sequence[int],
    queues: Sequence[Queue],
    *,
    nfiles: int,
    rounds: int,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> Iterator[GeneratedTask]:
    """Generate jobs of tasks until no input is left, `rounds` times at most; see `generate`.

    The caller is the brokerage: tasks need not have rested, and those that are `assigning` become
    ready. In a dry run their jobs are not foretold.

    Yields each round of each task that has ended; a task without new jobs is not tried again. Of
    several tasks, one that is refused has the reason in its text, and the others go on.

    Raises:
        InvalidValue: The only task has a rule in SPLITRULE that is unknown or not supported.
        TaskNotFound: One of the tasks does not exist; nothing was changed.
        UnknownQueue: No row of SCHEDCONFIG_JSON has the name of a queue; nothing was changed.
    """
    left = [*dict.fromkeys(tasks)]
    attempt = _tried if len(left) > 1 else _generate
    with transaction(database, options) as connection:
        candidates.check_known(connection, left)
        queue_configurations.with_facts(connection, queues)
        agent_states.set_state(connection, left, "ready", host=options.host, was=("assigning",))
    how = _generation(queues, nfiles=nfiles, rest=timedelta(0), options=options)
    for _ in range(rounds):
        for task in [*left]:
            done = attempt(database, task, how, options)
            yield done
            if not done.jobs:
                left.remove(task)


def _generation(
    queues: Sequence[Queue],
    *,
    cloud: str | None = None,
    nfiles: int,
    random: Random | None = None,
    job_host: str | None = None,
    rest: timedelta,
    options: VerbOptions,
) -> Generation:
    return Generation(
        queues=queues,
        cloud=cloud,
        nfiles=nfiles,
        generator=f"{options.host}:{socket.gethostname()}"[:40],
        random=random or random_module.SystemRandom(),
        task_host=options.host,
        job_host=job_host or options.host,
        rest=rest,
    )


def _tried(database: Database, task: int, how: Generation, options: VerbOptions) -> GeneratedTask:
    """Generate jobs of a task, or report why it is refused: others go on."""
    try:
        return _generate(database, task, how, options)
    except (UnknownQueue, TaskNotFound):
        raise
    except InvalidValue as mistake:
        return replace(state(database, task), text=str(mistake), is_refused=True)


def _generate(
    database: Database, task: int, how: Generation, options: VerbOptions
) -> GeneratedTask:
    with transaction(database, options) as connection:
        made = generator.generate(connection, [task], how).get(task, [])
        status, text = generated_jobs.state(connection, task)
        jobs = generated_jobs.read(connection, made) if made else []
    return GeneratedTask(task, status, text, jobs)


def state(database: Database, task: int) -> GeneratedTask:
    """Return the state of a task as a generation leaves it, without jobs.

    Raises:
        TaskNotFound: The task does not exist.
    """
    with database.transaction() as connection:
        return GeneratedTask(task, *generated_jobs.state(connection, task))


def release_unmerged(
    database: Database, task: int, file: str, *, options: VerbOptions = DEFAULT_OPTIONS
) -> list[int]:
    """Release the datasets to be merged that the newest job with a file writes into.

    That is for when all jobs that write into them have ended; the datasets are returned.
    """
    with transaction(database, options) as connection:
        return unmerged_datasets.release(connection, task, file)
