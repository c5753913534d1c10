"""Samples of hyperparameters: ranges of events without events, of no job set; semantics 2.13.

A service that optimizes hyperparameters (iDDS) adds them to a task; its jobs take them, and
evaluate one point each.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import ARRAY, String, and_, bindparam, func, insert, literal, select

from pandadb.core.events.states import EventStatus
from pandadb.core.events.takes.range_requests import SAMPLES_JOBSET
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import constant
from pandadb.core.sql.validation import InvalidValue, check_number, check_text, shown
from pandadb.models import JediDatasets, JediEvents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction

ATTEMPTS = 5
NO_FILE = 0
"""The `fileid` of samples."""
DATASET = JediDatasets.__table__.c


class Sample(NamedTuple):
    """A point of the space of hyperparameters."""

    number: int
    """The number by which the service knows it."""
    model: str
    """The name of the model: the last part of the container of its dataset."""


def add(session: Transaction, jeditaskid: int, samples: Sequence[Sample]) -> int:
    """Add samples to a task; return how many are new. It is idempotent.

    Raises:
        InvalidValue: A sample is malformed, or the task has not one dataset for its model.
    """
    check_number("jeditaskid", jeditaskid, 1, 2**63 - 1)
    for one in samples:
        check_number("number of a sample", one.number, 0, 2**63 - 1)
        check_text("model of a sample", one.model)
    if not samples:
        return 0
    datasets = _datasets(session, jeditaskid, {one.model for one in samples})
    rows = {one.number: _row(jeditaskid, datasets[one.model], one.number) for one in samples}
    given = {"task": [jeditaskid], "numbers": [*rows]}
    for number in session.scalars(_known(), given):
        del rows[number]
    if rows:
        session.execute(insert(JediEvents.__table__), [*rows.values()])
    return len(rows)


@cache
def _known() -> Select[int]:
    """Select the samples that are there already, of any job."""
    event = JediEvents.__table__.c
    return (
        select(event.job_processid)
        .where(
            event.jeditaskid == func.any(id_arrays.array("task")),
            event.fileid == NO_FILE,
            event.job_processid == func.any(id_arrays.array("numbers")),
        )
        .distinct()
    )


def _row(jeditaskid: int, datasetid: int, number: int) -> dict[str, Any]:
    return {
        "jeditaskid": jeditaskid,
        "datasetid": datasetid,
        "pandaid": SAMPLES_JOBSET,
        "fileid": NO_FILE,
        "attemptnr": ATTEMPTS,
        "status": EventStatus.READY.value,
        "job_processid": number,
        "def_min_eventid": number,
        "def_max_eventid": number,
        "processed_upto_eventid": 0,
        "event_offset": SAMPLES_JOBSET,
    }


def _datasets(session: Transaction, jeditaskid: int, models: set[str]) -> dict[str, int]:
    rows = session.execute(_of_models(), {"task": [jeditaskid], "models": sorted(models)}).all()
    for model in sorted(models):
        number = sum(row.model == model for row in rows)
        if number != 1:
            raise InvalidValue(
                f"task {jeditaskid} has {number} input datasets for the model {shown(model)}"
            )
    return {row.model: row.datasetid for row in rows}


@cache
def _of_models() -> Select[Any]:
    models = bindparam("models", type_=ARRAY(String))
    given = id_arrays.unnested("given", model=models).c
    name = func.concat(constant("/"), given.model)
    ends_with = func.right(DATASET.containername, func.length(name)) == name
    is_master = and_(
        DATASET.jeditaskid == func.any(id_arrays.array("task")),
        DATASET.type == literal("pseudo_input"),
        DATASET.masterid.is_(None),
    )
    return (
        select(given.model, DATASET.datasetid)
        .select_from(given.model.table)
        .join(DATASET.datasetid.table, and_(is_master, ends_with))
    )
