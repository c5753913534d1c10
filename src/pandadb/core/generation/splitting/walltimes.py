"""Expected wall time of jobs, in seconds. Job generation 2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.core.generation.file_events import events_of
from pandadb.core.generation.jobs import event_service
from pandadb.core.generation.splitting.sizes import effective_mb
from pandadb.core.generation.task_rules import rules_of
from pandadb.core.tasks.ending.scout_verdicts import HS06_UNITS

if TYPE_CHECKING:
    from pandadb.core.generation.slices import Chunk, Row
    from pandadb.core.generation.splitting.queue_facts import QueueFacts


@dataclass(frozen=True)
class Walltime:
    """The rule of the time of a job on a queue."""

    base: int = 0
    """Seconds of a job, however much input it has."""
    per_event: float = 0
    """HS06 seconds of an event."""
    per_mb: float = 0
    """Seconds of a MB on one core."""
    cores: int = 1
    power: float = 1
    """HS06 of a core."""
    efficiency: float = 1
    parts: int = 1
    """Jobs that share the time of an input."""

    def of(self, file: Row) -> int:
        """Return the seconds that a file of the master takes."""
        if self.per_event:
            seconds = self.per_event * events_of(file) / self.cores / self.power / self.efficiency
        else:
            seconds = self.per_mb * effective_mb(file) / self.cores
        return int(seconds / self.parts)


def walltime_of(chunk: Chunk, facts: QueueFacts) -> Walltime:
    """Return the rule of the time of a chunk's jobs on a queue; merging only has a base."""
    task = chunk.task
    parts = 1 if chunk.is_merging else event_service.walltime_parts(task, rules_of(task))
    if task["cputimeunit"] not in HS06_UNITS:
        per_mb = 0 if chunk.is_merging else max(task["walltime"] or 0, 0)
        return Walltime(per_mb=per_mb, cores=facts.cores, parts=parts)
    efficiency = 100 if task["cpuefficiency"] is None else task["cpuefficiency"]
    is_timeless = chunk.is_merging or not efficiency
    return Walltime(
        base=task["basewalltime"] or 0,
        per_event=0 if is_timeless else _per_event(task),
        cores=facts.cores,
        power=facts.power or 1,
        efficiency=(efficiency or 100) / 100,
        parts=parts,
    )


def _per_event(task: Row) -> float:
    hs06 = max(float(task["cputime"] or 0), 0)
    return hs06 / 1000 if task["cputimeunit"].startswith("m") else hs06
