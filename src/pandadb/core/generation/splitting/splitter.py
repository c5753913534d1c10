"""A chunk of picked input to slices: one for each job, with its queue. Job generation 2."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pandadb.core.generation.dataset_attributes import usage_of
from pandadb.core.generation.jobs import event_service
from pandadb.core.generation.slices import Slice
from pandadb.core.generation.splitting.file_cursors import FileCursors
from pandadb.core.generation.splitting.job_inputs import Costs, next_job
from pandadb.core.generation.splitting.limits import limits_of
from pandadb.core.generation.splitting.queue_draws import QueueDraws
from pandadb.core.generation.splitting.queue_facts import facts_of
from pandadb.core.generation.splitting.sizes import merged_size, output_size, scratch_size
from pandadb.core.generation.splitting.walltimes import walltime_of
from pandadb.core.generation.task_rules import rules_of
from pandadb.core.tasks.split_rules import has_rule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from pandadb.core.generation.slices import Chunk, Queue, Row
    from pandadb.core.generation.splitting.job_inputs import JobInput
    from pandadb.core.generation.splitting.limits import SliceLimits
    from pandadb.core.generation.splitting.queue_facts import QueueFacts

JOBS_OF_A_DRAW = 25
SCOUTS_OF_A_DRAW = 2
WORKERS_OF_A_DRAW = 2
"""Jobs that search for hyper-parameters (HO)."""


@dataclass(frozen=True)
class QueueRules:
    """The rules of a chunk's jobs on a queue."""

    queue: Queue
    facts: QueueFacts
    limits: SliceLimits
    costs: Costs


def split(chunk: Chunk, queues: Sequence[Queue], random: Random) -> list[Slice]:
    """Split a chunk into the input of jobs, for queues that are drawn by weight.

    Input that is left when no queue is left belongs to no slice. Of a block, the last job may lack
    files that were not picked, so it is left out, unless its queue has no other of the draw.

    Raises:
        InvalidValue: A split rule of the task is unknown or not supported, or a queue's fact is no
            number.
    """
    rules = rules_of(chunk.task)
    known = {queue.name: _rules(chunk, queue, rules) for queue in queues}
    draws, cursors = QueueDraws(queues, random), FileCursors(chunk)
    groups, is_rest_left = _groups(chunk, known, draws, cursors)
    if is_rest_left:
        limited = [name for name, one in known.items() if one.facts.jobs_at_once is not None]
        groups += _groups(chunk, known, draws, cursors, without=limited)[0]
    if chunk.is_block and groups and len(groups[-1]) > 1:
        groups[-1].pop()
    return [slice_ for group in groups for slice_ in group]


def _groups(
    chunk: Chunk,
    known: Mapping[str, QueueRules],
    draws: QueueDraws,
    cursors: FileCursors,
    without: Sequence[str] = (),
) -> tuple[list[list[Slice]], bool]:
    """Return the slices of each draw, and whether a rest is left as too small for its queue."""
    groups: list[list[Slice]] = []
    usual = jobs = _jobs_of_a_draw(chunk)
    passed: tuple[str, ...] = ()
    while not cursors.is_at_end:
        queue = draws.draw(jobs, (*without, *passed))
        if queue is None:
            break
        drawn = known[queue.name]
        jobs = drawn.facts.jobs_at_once or usual
        position = cursors.position()
        group, is_passed = _group(chunk, drawn, cursors, jobs)
        if is_passed:
            passed = (queue.name,) if group else (*passed, queue.name)
        elif drawn.facts.jobs_at_once is not None and len(group) < jobs:
            cursors.go_back(position)
            return groups, True
        else:
            passed = ()
        if group:
            groups.append(_spread(group, draws, jobs))
    return groups, False


def _jobs_of_a_draw(chunk: Chunk) -> int:
    if chunk.is_scouting and not chunk.is_merging:
        return SCOUTS_OF_A_DRAW
    return WORKERS_OF_A_DRAW if has_rule(rules_of(chunk.task), "HO") else JOBS_OF_A_DRAW


def _group(
    chunk: Chunk, drawn: QueueRules, cursors: FileCursors, jobs: int
) -> tuple[list[Slice], bool]:
    """Return the slices of a draw, and whether the next job is too short for the queue."""
    group: list[Slice] = []
    while len(group) < jobs and not cursors.is_at_end:
        position = cursors.position()
        job = next_job(cursors, drawn.limits, drawn.costs)
        if job.walltime < drawn.limits.least_walltime:
            cursors.go_back(position)
            return group, True
        group.append(Slice(chunk, drawn.queue, _inputs(chunk, job)))
    return group, False


def _spread(group: list[Slice], draws: QueueDraws, jobs: int) -> list[Slice]:
    """Return slices with further queues for the jobs that share their input (NS)."""
    chunk, queue = group[0].chunk, group[0].queue
    number = event_service.queues_of_job(chunk.task, rules_of(chunk.task))
    if number <= 1 or chunk.is_merging:
        return group
    others = draws.draw_others(jobs, queue, number - 1)
    return [replace(one, others=others) for one in group]


def _inputs(chunk: Chunk, job: JobInput) -> list[tuple[Row, list[Row]]]:
    """Return the datasets that the job has files of, the master first."""
    datasets = [chunk.master, *chunk.secondaries]
    files = [job.master, *job.secondaries]
    return [(one.row, each) for one, each in zip(datasets, files, strict=True) if each]


def _rules(chunk: Chunk, queue: Queue, rules: Mapping[str, str]) -> QueueRules:
    facts = facts_of(queue)
    limits = limits_of(chunk, rules, facts)
    ratios = [usage_of(one.row).event_ratio for one in chunk.secondaries]
    costs = Costs(
        output=merged_size(chunk.master.row) if chunk.is_merging else output_size(chunk.task),
        walltime=walltime_of(chunk, facts),
        scratch=scratch_size(chunk.task, is_merging=chunk.is_merging),
        counts_events=limits.events is not None
        or limits.is_dynamic
        or any(one is not None for one in ratios),
    )
    return QueueRules(queue, facts, limits, costs)
