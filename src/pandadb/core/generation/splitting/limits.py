"""Limits of the input of a job, by rules of its task and facts of its queue. Job generation 2."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pandadb.core.generation import task_rules
from pandadb.core.generation.splitting import sizes
from pandadb.core.tasks.split_rules import has_rule, rule_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.core.generation.slices import Chunk
    from pandadb.core.generation.splitting.queue_facts import QueueFacts

    Rules = Mapping[str, str]

GB = 1024**3
MOST_FILES = 1000
"""Files of a job, of all its datasets."""
DEFAULT_FILES = 200
"""Files of the master, without a rule."""
DEFAULT_MERGED_FILES = 50
DEFAULT_OUTPUT = 1500 * sizes.MB
"""Bytes of output that are always allowed for."""
MOST_OUTPUT = 10 * GB
"""Bytes of one stream, so that no file is too large to be handled."""
DEFAULT_MERGED_OUTPUT = 5 * GB
DIRECT_INPUT = 500_000 * sizes.MB
"""Bytes of input that is read directly, instead of the work space of the queue."""
DIRECT_INPUT_OF_SCOUTS = 50_000 * sizes.MB
MOST_DYNAMIC = 20 * GB
"""Bytes of input that is read directly, of jobs whose number of events is not fixed."""
HOUR = 3600
ANY_BOUNDARY, CAN_SPLIT, WHOLE, MIXED = 0, 1, 2, 3
"""Ways in which BOUNDARYID parts files: not; a job has one; just all of one; files of secondary
datasets have one of the master's.
"""


@dataclass(frozen=True)
class SliceLimits:
    """Limits of a job's input; None is no limit."""

    files_at_once: int = 1
    """Files of the master that are taken together; with a rule for them a job has just these."""
    is_fixed: bool = False
    """Whether a job ends after the files that are taken together."""
    files: int | None = DEFAULT_FILES
    """Files of the master."""
    all_files: int = MOST_FILES
    """Files of all datasets."""
    events: int | None = None
    size: int | None = None
    """Bytes of input, output and scratch."""
    output: int = MOST_OUTPUT
    """Bytes of one stream."""
    space: int = 0
    """Bytes of input that is copied, and of output."""
    walltime: int = 0
    """Seconds, 0 for no limit."""
    boundary: int = ANY_BOUNDARY
    by_lumiblock: bool = False
    fields: tuple[int, ...] = ()
    """Fields of the names, from 1, that are equal in a job."""
    is_direct: bool = False
    """Whether the input takes no work space."""
    is_dynamic: bool = False
    """Whether a job takes ranges that follow each other, as many as its walltime allows; files are
    counted once, however many ranges of them it has.
    """
    least_walltime: int = 0
    """Seconds that a job takes at least; a queue gets no shorter one."""


WITHOUT_LIMITS: dict[str, Any] = {
    "files": None, "events": None, "size": None, "output": sys.maxsize, "space": sys.maxsize,
    "walltime": 0, "all_files": sys.maxsize,
}  # fmt: skip
"""Limits of a job that merges its outputs on its site: it has all files that may be together."""


def limits_of(chunk: Chunk, rules: Rules, facts: QueueFacts) -> SliceLimits:
    """Return the limits of a chunk's jobs on a queue."""
    count, events = _counts(chunk, rules)
    is_direct = reads_directly(chunk, rules, facts)
    by_lumiblock = has_rule(rules, "RL")
    limits = SliceLimits(
        files_at_once=count if count and not by_lumiblock else 1,
        is_fixed=bool(count) and not by_lumiblock,
        files=count or _most_files(chunk, rules),
        events=events or None,
        size=_size(chunk, rules, facts, is_direct=is_direct, is_counted=bool(count or events)),
        output=_output(chunk, rules),
        space=facts.space,
        walltime=_walltime(chunk, rules, facts),
        boundary=MIXED if chunk.is_merging else _boundary(rules),
        by_lumiblock=by_lumiblock,
        fields=_fields(chunk, rules),
        is_direct=is_direct,
    )
    if is_dynamic(rules, facts):
        limits = _dynamic(limits, chunk, rules, facts)
    if limits.boundary == WHOLE:
        limits = replace(limits, files_at_once=1, files=None, events=None, size=None, walltime=0)
    if has_rule(rules, "OM"):
        limits = replace(limits, **WITHOUT_LIMITS)
    return limits


def is_dynamic(rules: Rules, facts: QueueFacts) -> bool:
    """Return whether the number of events of a job goes by the walltime of its queue (DY)."""
    return has_rule(rules, "DY") and facts.least_walltime > 0


def _dynamic(limits: SliceLimits, chunk: Chunk, rules: Rules, facts: QueueFacts) -> SliceLimits:
    """Return the limits of jobs that are filled with ranges: NF and NE do not matter."""
    return replace(
        limits,
        files_at_once=1,
        is_fixed=False,
        files=_most_files(chunk, rules),
        events=rule_number(rules, "MX") or None,
        size=MOST_DYNAMIC if limits.size is None else limits.size,
        is_dynamic=True,
        least_walltime=facts.least_walltime,
    )


def reads_directly(chunk: Chunk, rules: Rules, facts: QueueFacts) -> bool:
    """Return whether jobs on a queue read their input where it is; merge jobs never do."""
    if chunk.is_merging or facts.always_reads_directly:
        return not chunk.is_merging
    return facts.reads_directly and has_rule(rules, "IL") and not has_rule(rules, "LI")


def _counts(chunk: Chunk, rules: Rules) -> tuple[int | None, int | None]:
    """Return the fixed number of files of the master, and the number of events."""
    if chunk.is_merging:
        return rule_number(rules, "ZF"), rule_number(rules, "ZE")
    files, events = rule_number(rules, "NF"), rule_number(rules, "NE")
    if files is None and events is None and chunk.is_scouting and not has_rule(rules, "RR"):
        files = 1
    return files, events


def _most_files(chunk: Chunk, rules: Rules) -> int:
    if chunk.is_merging:
        most = rule_number(rules, "ZM")
        return DEFAULT_MERGED_FILES if most is None else most
    most = rule_number(rules, "MF")
    return DEFAULT_FILES if most is None else most


def _size(
    chunk: Chunk, rules: Rules, facts: QueueFacts, *, is_direct: bool, is_counted: bool
) -> int | None:
    """Return the limit of the size: NG, else the queue's space, or one for direct reading."""
    asked = None if chunk.is_merging else task_rules.gigabytes(rules, "NG")
    if asked is not None:
        return asked + DEFAULT_OUTPUT + sizes.scratch_size(chunk.task)
    if not is_direct:
        return facts.space
    if is_counted:
        return None
    return max(DIRECT_INPUT_OF_SCOUTS if chunk.is_scouting else DIRECT_INPUT, facts.space)


def _output(chunk: Chunk, rules: Rules) -> int:
    if not chunk.is_merging:
        return MOST_OUTPUT
    asked = task_rules.gigabytes(rules, "ZG")
    return DEFAULT_MERGED_OUTPUT if asked is None else asked


def _walltime(chunk: Chunk, rules: Rules, facts: QueueFacts) -> int:
    hours = None if chunk.is_merging else rule_number(rules, "MW")
    return facts.walltime if hours is None else min(hours * HOUR, facts.walltime)


def _boundary(rules: Rules) -> int:
    number = rule_number(rules, "GB")
    if number is None:
        return ANY_BOUNDARY
    return CAN_SPLIT if number in (1, 2) else WHOLE


def _fields(chunk: Chunk, rules: Rules) -> tuple[int, ...]:
    """Return the fields that a job's files share; names to be merged have them after others."""
    found = task_rules.fields(rules) if has_rule(rules, "UF") else ()
    if not chunk.is_merging:
        return found
    return tuple(range(FIRST_MERGED_FIELD, FIRST_MERGED_FIELD + len(found)))


FIRST_MERGED_FIELD = 5
"""The field of a name to be merged, from 1, at which those of the task's input begin."""
