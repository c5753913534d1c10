"""Classes of resources, RESOURCE_TYPES: the class of a task or a job (semantics 7.5).

And the resource types of PanDA queues, which the pattern `rtype` of a share is for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, String, any_, cast, literal, select

from pandadb.core.sql.transaction import connection_of
from pandadb.models import ResourceTypes, SchedconfigJSON

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Row

    from pandadb.core.sql.transaction import Transaction

UNDEFINED = "Undefined"
PER_CORE = ("MBPerCore", "MBPerCoreFixed")
"""Units of memory (`ramunit`) that are for each core."""
MEMORY_COMPENSATION = 0.9
"""The part of a task's memory that its jobs ask for, and that counts for its class."""
ANY_CORES = 8
"""The cores of work that takes any number, which is written as 0."""


def read(session: Transaction) -> Sequence[Row[Any]]:
    """Return the classes, those with fewer cores and less memory first.

    The row `Undefined` that the schema begins with is none: it would fit everything.
    """
    kind = ResourceTypes.__table__.c
    query = (
        select(*kind)
        .where(kind.resource_name != UNDEFINED)
        .order_by(kind.mincore.nulls_first(), kind.minrampercore.nulls_first(), kind.resource_name)
    )
    return connection_of(session).execute(query).all()


def of_job(job: Mapping[str, Any], types: Sequence[Row[Any]]) -> str:
    """Return the first class whose bounds hold the job's cores and memory (MB) per core."""
    cores = _cores(job)
    return _first(types, cores, round((job.get("minramcount") or 0) / cores))


def of_task(task: Mapping[str, Any], types: Sequence[Row[Any]]) -> str:
    """Return the first class whose bounds hold the task's cores and memory (MB) per core.

    The memory is `ramcount` in `ramunit` and `baseramcount`, compensated.
    """
    cores, memory = _cores(task), task.get("ramcount") or 0
    if task.get("ramunit") in PER_CORE:
        memory *= cores
    memory = (memory + (task.get("baseramcount") or 0)) / cores
    return _first(types, cores, int(memory * MEMORY_COMPENSATION))


def _cores(work: Mapping[str, Any]) -> int:
    asked = work.get("corecount")
    return ANY_CORES if asked == 0 else asked or 1


def _first(types: Sequence[Row[Any]], cores: int, memory: int) -> str:
    for kind in types:
        if _holds(kind.mincore, cores, kind.maxcore) and _holds(
            kind.minrampercore, memory, kind.maxrampercore
        ):
            return str(kind.resource_name)
    return UNDEFINED


def _holds(low: int | None, number: int, high: int | None) -> bool:
    return (low is None or low <= number) and (high is None or number <= high)


def first_site(sites: Any) -> str:
    """Return the first of the queues that a task or a job may run at."""
    return str(sites or "").split(",")[0]


def of_queues(session: Transaction, sites: Iterable[str]) -> dict[str, str | None]:
    """Return the resource types of PanDA queues, by name, of those that have one."""
    named = sorted({site for site in sites if site and "\0" not in site})
    if not named:
        return {}
    kind = cast(SchedconfigJSON.data["resource_type"].as_string(), String)
    queue = SchedconfigJSON.panda_queue
    found = select(queue, kind).where(queue == any_(literal(named, ARRAY(String))))
    return {row[0]: row[1] for row in connection_of(session).execute(found)}
