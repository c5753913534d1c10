"""Jobs generated of tasks' input: picked, split, made and stored. Job generation 1 to 6."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, bindparam, select

from pandadb.core.generation import (
    new_jobs,
    task_outcomes,
    task_rules,
    task_slices,
)
from pandadb.core.generation.job_request import JobRequest, NotGenerated
from pandadb.core.generation.jobs import submitters
from pandadb.core.generation.picking.put_back import put_back
from pandadb.core.generation.picking.task_locks import LEAST_REST
from pandadb.core.jobs.creation import submission
from pandadb.core.sql.expressions import now
from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks import activity_periods, jedi_config
from pandadb.models import JediJobParamsTemplate, JediTaskParams

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta
    from random import Random

    from sqlalchemy import Select

    from pandadb.core.generation.slices import Chunk, ChunkSlices, Queue, Slice
    from pandadb.core.sql.transaction import Transaction

CONFIG_COMPONENT = "jobgen"
"""The component in CONFIG with the settings of the generation."""
NO_QUEUE = "no queue takes jobs of its input now"
FAILURE = "no jobs were made: {}"


@dataclass(frozen=True)
class Generation:
    """A request to generate jobs."""

    queues: Sequence[Queue]
    cloud: str | None
    nfiles: int
    generator: str
    """The name of the generator, in LOCKEDBY while it works."""
    random: Random
    """Draws the queues."""
    task_host: str
    job_host: str
    """The hosts in the status logs of tasks and of jobs."""
    rest: timedelta = LEAST_REST
    """The time for which a task must not have been touched."""


def generate(session: Transaction, tasks: Sequence[int], how: Generation) -> dict[int, list[int]]:
    """Generate jobs of the input of tasks; return the new jobs of those that had input.

    Tasks that another generator has are left out. A task with input that gives no job
    goes on hold with the reason, and everything is put back.

    Raises:
        InvalidValue: A task has a rule in SPLITRULE that is unknown or not supported.
        UnknownQueue: A queue is unknown.
    """
    found = task_slices.slices(
        session,
        tasks,
        how.queues,
        nfiles=how.nfiles,
        generator=how.generator,
        random=how.random,
        rest=how.rest,
    )
    made: dict[int, list[int]] = {}
    for one in found:
        pandaids = _generate(session, one, how)
        made.setdefault(one.chunk.task["jeditaskid"], []).extend(pandaids)
    put_back(session, [one.chunk for one in found])
    if made:
        activity_periods.settle(session, [*made])
    task_outcomes.released(session, tasks, [*made], how.generator)
    return made


def _generate(session: Transaction, one: ChunkSlices, how: Generation) -> list[int]:
    """Generate the jobs of a chunk, or put its task on hold."""
    if not one.slices:
        task_outcomes.held(session, one.chunk.task, NO_QUEUE, how.task_host)
        return []
    savepoint = session.begin_nested()
    try:
        request = _request(session, one.chunk, how)
        pandaids = _store(session, request, one.slices, how)
    except (NotGenerated, InvalidValue) as mistake:
        savepoint.rollback()
        reason = FAILURE.format(mistake)
        task_outcomes.held(session, one.chunk.task, reason, how.task_host)
        return []
    savepoint.commit()
    return pandaids


def _store(
    session: Transaction, request: JobRequest, slices: Sequence[Slice], how: Generation
) -> list[int]:
    jobs = new_jobs.make(session, request, slices)
    pandaids = submission.submit(
        session,
        jobs,
        "pending",
        how.job_host,
        relation="merge" if request.is_merging else "retry",
        queues_inputs=False,
    )
    task_outcomes.submitted(session, request, how.task_host)
    return pandaids


def _request(session: Transaction, chunk: Chunk, how: Generation) -> JobRequest:
    template, params, when = session.execute(_texts(), {"task": chunk.task["jeditaskid"]}).one()
    return JobRequest(
        chunk=chunk,
        template=template or "",
        taskparams=_parsed(params),
        settings=jedi_config.read(session, CONFIG_COMPONENT, chunk.task["vo"]),
        cloud=how.cloud,
        submitter=submitters.submitter(session, chunk.task, when),
        when=when,
        rules=task_rules.rules_of(chunk.task),
    )


@cache
def _texts() -> Select[Any]:
    """Select the template and the parameters of a task, and the time."""
    template, params = JediJobParamsTemplate.__table__.c, JediTaskParams.__table__.c
    task = bindparam("task", type_=BigInteger)
    texts = (
        select(column).where(key == task).scalar_subquery()
        for column, key in (
            (template.jobparamstemplate, template.jeditaskid),
            (params.taskparams, params.jeditaskid),
        )
    )
    return select(*texts, now())


def _parsed(text: str | None) -> Mapping[str, Any]:
    """Return the parameters of a task.

    Raises:
        NotGenerated: They are no JSON object.
    """
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise NotGenerated("the task's parameters in JEDI_TASKPARAMS are no JSON object")
    return found
