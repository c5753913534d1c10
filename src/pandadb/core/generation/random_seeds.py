"""Random seeds of jobs (RS): numbers kept as files of a dataset. Job generation 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from pandadb.core.generation import new_ids
from pandadb.core.generation.outputs import output_files
from pandadb.core.generation.outputs.output_files import NEW_FILE
from pandadb.core.sql.id_arrays import is_among
from pandadb.models import JediDatasetContents, JediDatasets
from pandadb.models.datasets import JEDI_DATASET_CONT_FILEID_SEQ

if TYPE_CHECKING:
    from pandadb.core.generation.job_request import JobRequest
    from pandadb.core.generation.slices import Row
    from pandadb.core.sql.transaction import Transaction

DATASET, FILE = JediDatasets.__table__.c, JediDatasetContents.__table__.c
KIND = "random_seed"
"""The type of the dataset, and of its files."""
KIND_IN_JOBS = "pseudo_input"


def take(session: Transaction, request: JobRequest, number: int) -> list[tuple[Row, Row]]:
    """Take as many seeds, picked, each with its dataset; none without the rule or the dataset.

    Seeds of failed jobs come first, then new ones after the largest that there is.
    """
    if not request.has("randomSeed") or request.is_merging or not number:
        return []
    dataset = _dataset(session, request)
    if dataset is None:
        return []
    again = _pick(session, dataset, number)
    new = _add(session, request, dataset, number - len(again))
    return [(seed, dataset) for seed in (*again, *new)]


def value(request: JobRequest, seed: Row) -> int:
    """Return the value of a seed for a job: the rule's is added."""
    return int(seed["firstevent"]) + (request.number("randomSeed") or 0)


def _dataset(session: Transaction, request: JobRequest) -> Row | None:
    rows = session.execute(
        select(JediDatasets.__table__)
        .where(DATASET.jeditaskid == request.task["jeditaskid"], DATASET.type == KIND)
        .order_by(DATASET.datasetid)
        .limit(1)
    )
    found = rows.mappings().one_or_none()
    return None if found is None else dict(found)


def _pick(session: Transaction, dataset: Row, number: int) -> list[Row]:
    ready = (
        select(JediDatasetContents.__table__)
        .where(*_is_of(dataset), FILE.status == "ready")
        .order_by(FILE.firstevent, FILE.fileid)
        .limit(number)
        .with_for_update()
    )
    found: list[Row] = [dict(row) for row in session.execute(ready).mappings()]
    if found:
        ids = [row["fileid"] for row in found]
        picked = update(JediDatasetContents.__table__).where(
            *_is_of(dataset), is_among(FILE.fileid, ids)
        )
        session.execute(picked.values(status="picked"))
    return found


def _add(session: Transaction, request: JobRequest, dataset: Row, number: int) -> list[Row]:
    if not number:
        return []
    last = session.scalar(select(func.max(FILE.firstevent)).where(*_is_of(dataset))) or 0
    ids = new_ids.draw(session, JEDI_DATASET_CONT_FILEID_SEQ, number)
    new: list[dict[str, Any]] = [
        {
            **NEW_FILE,
            "jeditaskid": dataset["jeditaskid"],
            "datasetid": dataset["datasetid"],
            "fileid": fileid,
            "creationdate": request.when,
            "lfn": str(seed),
            "firstevent": seed,
            "type": KIND,
            "status": "picked",
        }
        for seed, fileid in enumerate(ids, start=last + 1)
    ]
    output_files.store(session, new)
    return [*new]


def _is_of(dataset: Row) -> tuple[Any, Any]:
    return FILE.jeditaskid == dataset["jeditaskid"], FILE.datasetid == dataset["datasetid"]
