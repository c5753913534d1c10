"""Facts about tasks beside their finished scouts: parameters, counts, library."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, select, tuple_

from pandadb.core.datasets.dataset_types import INPUTS
from pandadb.core.datasets.file_keys import same_dataset
from pandadb.core.sql.id_arrays import is_given
from pandadb.core.sql.transaction import connection_of
from pandadb.core.tasks.ending.scout_verdicts import Counts
from pandadb.core.tasks.files.new_attempts import is_spent
from pandadb.models import JediDatasetContents, JediDatasets, JediTaskParams

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction

FILE, DATASET = JediDatasetContents.__table__.c, JediDatasets.__table__.c
MB = 1024 * 1024


def parameters(session: Transaction, tasks: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """Return the parameters of tasks; those that are no JSON object count as none."""
    column = JediTaskParams.__table__.c
    query = select(column.jeditaskid, column.taskparams).where(is_given(column.jeditaskid))
    rows = connection_of(session).execute(query, {"pandaids": [*tasks]})
    return {task: _decoded(text) for task, text in rows}


def _decoded(text: str | None) -> Mapping[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def counts(session: Transaction, tasks: Sequence[int]) -> dict[int, Counts]:
    """Return the files, events and jobs of the master inputs of tasks."""
    given = {"pandaids": [*tasks]}
    connection = connection_of(session)
    files = {row.jeditaskid: row for row in connection.execute(_dataset_counts(), given)}
    jobs = {row.jeditaskid: row for row in connection.execute(_file_counts(), given)}
    return {
        task: Counts(*map(int, [*tuple(row)[1:], *tuple(jobs.get(task, ()))[1:]]))
        for task, row in files.items()
    }


def libraries(session: Transaction, tasks: Sequence[int]) -> dict[int, float]:
    """Return the size of the largest library of each task that has one, MB."""
    query = (
        select(FILE.jeditaskid, func.max(FILE.fsize))
        .join_from(DATASET.datasetid.table, FILE.fileid.table, same_dataset(FILE, DATASET))
        .where(
            is_given(DATASET.jeditaskid),
            DATASET.type == "lib",
            FILE.type == "lib",
            FILE.status == "finished",
        )
        .group_by(FILE.jeditaskid)
    )
    rows = connection_of(session).execute(query, {"pandaids": [*tasks]})
    return {task: size / MB for task, size in rows if size is not None}


@cache
def _dataset_counts() -> Select[Any]:
    sums = (
        func.coalesce(func.sum(DATASET[name]), 0)
        for name in ("nfiles", "nfilesfinished", "nfilesused")
    )
    return (
        select(DATASET.jeditaskid, *sums)
        .where(is_given(DATASET.jeditaskid), DATASET.type.in_(INPUTS), DATASET.masterid.is_(None))
        .group_by(DATASET.jeditaskid)
    )


@cache
def _file_counts() -> Select[Any]:
    events = case(
        (FILE.endevent.is_(None), FILE.nevents), else_=FILE.endevent - FILE.startevent + 1
    )
    finished, has_job = FILE.status == "finished", FILE.pandaid.is_not(None)
    failed = and_(FILE.status == "ready", is_spent(FILE))
    outcome = case((finished, 1), (failed, 2), else_=0)
    job = FILE.pandaid.distinct()
    return (
        select(
            FILE.jeditaskid,
            func.coalesce(func.sum(events), 0),
            func.coalesce(func.sum(events).filter(finished), 0),
            func.count(tuple_(FILE.pandaid, outcome).distinct()).filter(has_job),
            func.count(job).filter(finished),
            func.count(job).filter(failed),
        )
        .join_from(DATASET.datasetid.table, FILE.fileid.table, same_dataset(FILE, DATASET))
        .where(is_given(DATASET.jeditaskid), DATASET.type.in_(INPUTS), DATASET.masterid.is_(None))
        .group_by(FILE.jeditaskid)
    )
