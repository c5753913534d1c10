"""Types of resources, RESOURCE_TYPES: which one a task asks for, by its cores and memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core.sql.transaction import connection_of
from pandadb.models import ResourceTypes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row

    from pandadb.core.sql.transaction import Transaction

UNDEFINED = "Undefined"
MEMORY_SHARE = 0.9
"""The part of a task's memory that counts."""
ANY_CORES = 8
"""The cores of a task that takes any number."""


def read(session: Transaction) -> Sequence[Row[Any]]:
    """Return the types of resources, those with fewer cores and less memory first.

    The row `Undefined` that the schema begins with is none: it would fit every task.
    """
    kind = ResourceTypes.__table__.c
    query = (
        select(*kind)
        .where(kind.resource_name != UNDEFINED)
        .order_by(kind.mincore.nulls_first(), kind.minrampercore.nulls_first(), kind.resource_name)
    )
    return connection_of(session).execute(query).all()


def fitting(types: Sequence[Row[Any]], task: Mapping[str, Any]) -> str:
    """Return the first type that fits the cores and the memory of a task, or `Undefined`."""
    cores = ANY_CORES if task["corecount"] == 0 else task["corecount"] or 1
    memory, base = task["ramcount"] or 0, task["baseramcount"] or 0
    scales = task["ramunit"] in ("MBPerCore", "MBPerCoreFixed")
    by_core = int(((memory * cores if scales else memory) + base) / cores * MEMORY_SHARE)
    for one in types:
        if _is_between(cores, one.mincore, one.maxcore) and _is_between(
            by_core, one.minrampercore, one.maxrampercore
        ):
            return str(one.resource_name)
    return UNDEFINED


def _is_between(number: int, least: int | None, most: int | None) -> bool:
    return (least is None or least <= number) and (most is None or number <= most)
