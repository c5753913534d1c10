"""Input datasets of tasks that have files for jobs: job generation 1."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core.generation.dataset_attributes import (
    INPUT_TYPES,
    MERGE_TYPES,
    PROCESS_TYPES,
    is_merge,
)
from pandadb.core.generation.picking.task_locks import READY_STATES, SETTLED_STATES
from pandadb.core.sql.expressions import constants
from pandadb.core.sql.id_arrays import is_given
from pandadb.core.sql.transaction import connection_of
from pandadb.models import JediDatasets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Select

    from pandadb.core.generation.slices import Row
    from pandadb.core.sql.transaction import Transaction

MOST_MASTERS = 11
"""Masters of a task in one call."""
DATASET = JediDatasets.__table__.c


@dataclass(frozen=True)
class TaskInput:
    """The datasets of a task that jobs are generated for."""

    masters: Sequence[Row]
    """Those to be merged first, the newest before the others; then those of input."""
    secondaries: dict[int, list[Row]]
    """Of each master."""
    is_held_back: bool
    """Whether files are kept back while there are scouts, or may still come."""


def read(session: Transaction, tasks: Iterable[int]) -> dict[int, TaskInput]:
    """Lock and return the datasets of tasks that have files for jobs; others are left out."""
    found = connection_of(session).execute(_select(), {"pandaids": [*tasks]}).mappings()
    datasets: dict[int, list[Row]] = defaultdict(list)
    for row in found:
        datasets[row["jeditaskid"]].append(dict(row))
    inputs = {task: _input(rows) for task, rows in datasets.items() if _is_settled(rows)}
    return {task: one for task, one in inputs.items() if one.masters}


@cache
def _select() -> Select[Any]:
    """Select all datasets that may be input, locked by id: a job's end locks them so, too."""
    return (
        select(*DATASET)
        .where(is_given(DATASET.jeditaskid), DATASET.type.in_(constants(PROCESS_TYPES)))
        .order_by(DATASET.jeditaskid, DATASET.datasetid)
        .with_for_update()
    )


def _is_settled(datasets: Iterable[Row]) -> bool:
    return all(one["status"] in SETTLED_STATES for one in datasets)


def _input(datasets: Sequence[Row]) -> TaskInput:
    datasets = sorted(datasets, key=_order)
    with_work = [*filter(_has_work, datasets)]
    to_merge = [one for one in reversed(with_work) if is_merge(one)]
    masters = to_merge + [one for one in with_work if not is_merge(one)]
    return TaskInput(
        masters=masters[:MOST_MASTERS],
        secondaries={one["datasetid"]: _secondaries(one, datasets) for one in masters},
        is_held_back=_is_held_back(datasets),
    )


def _order(dataset: Row) -> tuple[str, int]:
    """Return the key of the order of datasets: input before pseudo input, then by id."""
    return dataset["type"], int(dataset["datasetid"])


def _has_work(dataset: Row) -> bool:
    return (
        dataset["masterid"] is None
        and dataset["status"] in READY_STATES
        and unprocessed(dataset) > 0
    )


def unprocessed(dataset: Row) -> int:
    """Return how many files are released for jobs and not used yet, as the counters have it."""
    return (dataset["nfilestobeused"] or 0) - (dataset["nfilesused"] or 0)


def _secondaries(master: Row, datasets: Iterable[Row]) -> list[Row]:
    types = MERGE_TYPES if is_merge(master) else INPUT_TYPES
    return [
        one
        for one in datasets
        if one["masterid"] == master["datasetid"]
        and one["status"] == "ready"
        and one["type"] in types
        and unprocessed(one) >= 0
    ]


def _is_held_back(datasets: Iterable[Row]) -> bool:
    masters = [one for one in datasets if one["masterid"] is None and one["type"] in INPUT_TYPES]
    return sum((one["nfiles"] or 0) - (one["nfilestobeused"] or 0) for one in masters) != 0
