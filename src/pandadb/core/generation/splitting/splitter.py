"""A chunk of picked input to slices: one for each job, with its queue. Job generation 2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.core.generation.dataset_attributes import usage_of
from pandadb.core.generation.slices import Slice
from pandadb.core.generation.splitting.file_cursors import FileCursors
from pandadb.core.generation.splitting.job_inputs import Costs, next_job
from pandadb.core.generation.splitting.limits import limits_of
from pandadb.core.generation.splitting.queue_draws import QueueDraws
from pandadb.core.generation.splitting.queue_facts import facts_of
from pandadb.core.generation.splitting.sizes import merged_size, output_size, scratch_size
from pandadb.core.generation.splitting.walltimes import walltime_of
from pandadb.core.generation.task_rules import rules_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from pandadb.core.generation.slices import Chunk, Queue, Row
    from pandadb.core.generation.splitting.job_inputs import JobInput
    from pandadb.core.generation.splitting.limits import SliceLimits
    from pandadb.core.generation.splitting.queue_facts import QueueFacts

JOBS_OF_A_DRAW = 25
SCOUTS_OF_A_DRAW = 2


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
    usual = jobs = SCOUTS_OF_A_DRAW if chunk.is_scouting else JOBS_OF_A_DRAW
    while not cursors.is_at_end:
        queue = draws.draw(jobs, without)
        if queue is None:
            break
        drawn = known[queue.name]
        jobs = drawn.facts.jobs_at_once or usual
        position = cursors.position()
        group = _group(chunk, drawn, cursors, jobs)
        if drawn.facts.jobs_at_once is not None and len(group) < jobs:
            cursors.go_back(position)
            return groups, True
        groups.append(group)
    return groups, False


def _group(chunk: Chunk, drawn: QueueRules, cursors: FileCursors, jobs: int) -> list[Slice]:
    group: list[Slice] = []
    while len(group) < jobs and not cursors.is_at_end:
        job = next_job(cursors, drawn.limits, drawn.costs)
        group.append(Slice(chunk, drawn.queue, _inputs(chunk, job)))
    return group


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
        counts_events=limits.events is not None or any(one is not None for one in ratios),
    )
    return QueueRules(queue, facts, limits, costs)
