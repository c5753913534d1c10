"""The attributes of a job in `specialHandling`, in the server's order: job generation 3."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from pandadb.core.events.special_handling import CLONE, RUN_ONCE, STORE_ONCE, Flag
from pandadb.core.generation.job_request import WORLD
from pandadb.core.generation.jobs import event_ranges
from pandadb.core.tasks import split_rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.core.generation.job_request import JobRequest
    from pandadb.core.generation.slices import Queue, Slice

FLAGS = (
    ("putLogToOS", "po"), ("noExecStrCnv", "nc"), ("inFilePosEvtNum", Flag.POSITIONS_IN_FILE),
    ("registerEsFiles", Flag.REGISTERS_ARCHIVES), ("usePrefetcher", "up"),
    ("notDiscardEvents", Flag.KEEPS_EVENTS), ("decAttOnFailedES", Flag.FREE_UNLESS_FAILED),
    ("useZipToPin", "uz"), ("writeInputToFile", "wf"),
)  # fmt: skip
"""Split rules, and the attribute that each one sets, before those of the input."""
EVENT_FLAGS = (("mergeEsOnOS", "mo"), ("resurrectConsumers", Flag.RESURRECTS))
"""Split rules, and the attribute that each one sets, before all others."""
LATER_FLAGS = (
    ("hpoWorkflow", Flag.SAMPLES), ("encJobParams", "ej"), ("useSecrets", "us"),
    ("debugMode", "dm"), ("pushStatusChanges", "pc"), ("pushJob", "pj"), ("onSiteMerging", "om"),
)  # fmt: skip
"""Split rules, and the attribute that each one sets, after those of the input."""


def of_job(
    request: JobRequest, one: Slice, retry_memory: int | None, jobset: int | None = None
) -> str | None:
    """Return the attributes of a job that works on a slice; None for none.

    `jobset` is the number of the jobset in this call, of jobs that take ranges of events.
    """
    found = [*_storage(request), *_events(request, one, jobset)]
    found += [*_site(request, one.queue), *_flags(request, FLAGS)]
    found += [*_input(request, one), *_flags(request, LATER_FLAGS)]
    if request.is_merging:
        found.append("pm")
    found += _queued(request)
    if retry_memory:
        found.append(f"rr:{retry_memory}")
    return ",".join(found) or None


def of_build(request: JobRequest) -> str:
    """Return the attributes of a job that builds a library."""
    return ",".join([*_storage(request), "bj", *_queued(request)])


def _storage(request: JobRequest) -> Iterator[str]:
    backend = request.rules.get(split_rules.code_of("ddmBackEnd"))
    if backend:
        yield f"ddm:{backend}"


def _events(request: JobRequest, one: Slice, jobset: int | None) -> Iterator[str]:
    if jobset is not None:
        yield event_ranges.ranges(request, one, jobset)
        clone = f"{CLONE}:{request.rules.get('UC')}"
        if clone in (RUN_ONCE, STORE_ONCE):
            yield clone
    if request.has("dynamicNumEvents") and not request.is_merging:
        yield Flag.DYNAMIC
    yield from _flags(request, EVENT_FLAGS)


def _site(request: JobRequest, queue: Queue) -> Iterator[str]:
    if request.task["cloud"] == WORLD:
        yield f"hc:{str(queue.facts.get('cloud') or '').partition(',')[0]}"
    if request.has("allowPartialFinish"):
        yield "ap"
    if request.is_unmerged:
        yield "ao:off"
    elif stage_out := split_rules.rule_word(request.rules, "altStageOut"):
        yield f"ao:{stage_out}"


def _flags(request: JobRequest, flags: tuple[tuple[str, str], ...]) -> Iterator[str]:
    return (attribute for rule, attribute in flags if request.has(rule))


def _input(request: JobRequest, one: Slice) -> Iterator[str]:
    (_, masters), *_ = one.inputs
    block = next((file["lumiblocknr"] for file in masters if file["lumiblocknr"] is not None), None)
    if block is not None:
        yield f"lb:{block}"
    if request.has("noLoopingCheck"):
        yield "lc"
    if request.chunk.is_scouting:
        yield "sj"
    if one.queue.locality == "tape":
        yield "ip"


def _queued(request: JobRequest) -> Iterator[str]:
    queued = request.task["queuedtime"]
    if queued is not None:
        yield f"tq={queued.replace(tzinfo=UTC).timestamp()}"
