"""Facts of a PanDA queue that limit its jobs: SCHEDCONFIG_JSON. Job generation 2."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pandadb.core.sql.validation import InvalidValue, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.core.generation.slices import Queue

MB = 1024**2
MARGIN = 2000
"""MB of work space beside the input of a queue whose MAXWDIR is no number."""
ALWAYS_DIRECT = -1
"""The `maxinputsize` of a queue that reads all input directly."""


@dataclass(frozen=True)
class QueueFacts:
    """The facts of a queue that the splitter needs."""

    space: int
    """Bytes of work space of a job; 0 for a queue that has none."""
    walltime: int
    """Seconds, 0 for no limit."""
    cores: int
    power: float
    """HS06 of a core; 0 is not divided by."""
    jobs_at_once: int | None
    """Jobs for each draw of the queue, no more and no less (`jobChunkSize`)."""
    reads_directly: bool
    """Whether it reads the input of tasks that allow it where it is."""
    always_reads_directly: bool
    least_walltime: int = 0
    """Seconds that a job has to take, of tasks whose number of events is not fixed."""


def facts_of(queue: Queue) -> QueueFacts:
    """Return the facts of a queue.

    Raises:
        InvalidValue: A fact is not a number.
    """
    facts = queue.facts
    cores = _whole(queue, "corecount")
    space = _space(queue)
    if _parameter(facts, "per_core_attr") is not None and cores > 0:
        space *= cores
    return QueueFacts(
        space=space * MB,
        walltime=_whole(queue, "maxtime"),
        cores=cores or 1,
        power=_number(queue, "corepower"),
        jobs_at_once=_jobs_at_once(facts),
        reads_directly=facts.get("direct_access_lan") is True,
        least_walltime=_whole(queue, "mintime"),
        always_reads_directly=facts.get("maxinputsize") == ALWAYS_DIRECT,
    )


def _space(queue: Queue) -> int:
    """Return MB; without a number the largest input of the queue and a margin."""
    try:
        return int(queue.facts.get("maxwdir") or 0)
    except (TypeError, ValueError):
        largest = _whole(queue, "maxinputsize")
        return largest + MARGIN if largest else 0


def _jobs_at_once(facts: Mapping[str, Any]) -> int | None:
    try:
        return max(int(_parameter(facts, "jobChunkSize") or 0), 0) or None
    except (TypeError, ValueError):
        return None


def _parameter(facts: Mapping[str, Any], name: str) -> Any:
    """Return a further parameter of a queue: of its own, or of the text `catchall`."""
    own = facts.get("params") or {}
    if name in own:
        return own[name]
    for item in (facts.get("catchall") or "").split(","):
        if found := re.match(rf"{name}(?:=(.+)|$)", item):
            return found[1] or ""
    return None


def _whole(queue: Queue, name: str) -> int:
    return int(_number(queue, name))


def _number(queue: Queue, name: str) -> float:
    value = queue.facts.get(name)
    try:
        return float(value or 0)
    except (TypeError, ValueError):
        raise InvalidValue(
            f"{name} of queue {queue.name} is no number: {shown(value)}; correct SCHEDCONFIG_JSON"
        ) from None
