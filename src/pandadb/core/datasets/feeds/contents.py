"""Files of datasets: JEDI_DATASET_CONTENTS read, filled by COPY, changed in one statement."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Integer,
    String,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)

from pandadb.core.datasets.attributes import INPUT_TYPES
from pandadb.core.datasets.feeds.content_changes import FedFile
from pandadb.core.datasets.feeds.file_selection import UsedFile
from pandadb.core.sql.copy import copy_rows
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import array, unseen
from pandadb.models import JediDatasetContents, JediDatasets
from pandadb.models.datasets import JEDI_DATASET_CONT_FILEID_SEQ

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select, Update

    from pandadb.core.datasets.attributes import InputDataset
    from pandadb.core.datasets.feeds.content_changes import ContentChange
    from pandadb.core.datasets.feeds.feed_context import FeedContext
    from pandadb.core.sql.transaction import Transaction

FILE, DATASET = JediDatasetContents.__table__.c, JediDatasets.__table__.c
PRODUCTS = ("output", "log")
COLUMNS = (
    "jeditaskid", "datasetid", "fileid", "creationdate", "lfn", "guid", "type", "status", "fsize",
    "checksum", "scope", "attemptnr", "maxattempt", "nevents", "keeptrack", "startevent",
    "endevent", "firstevent", "failedattempt", "lumiblocknr", "maxfailure", "ramcount",
    "proc_status", "constituent_id",
)  # fmt: skip
"""Columns of a new file."""


def read(session: Transaction, dataset: InputDataset) -> list[FedFile]:
    """Return the files of a dataset by their numbers, and lock them."""
    found = session.execute(_read(), _key(dataset))
    return [FedFile(*row) for row in found]


@cache
def _read() -> Select[Any]:
    return (
        select(*(FILE[name] for name in FedFile._fields))
        .where(*_is_of_dataset())
        .order_by(FILE.fileid)
        .with_for_update()
    )


def count(session: Transaction, dataset: InputDataset) -> int:
    """Return the number of files that a dataset has."""
    return session.scalar(_count(), _key(dataset)) or 0


@cache
def _count() -> Select[int]:
    return select(func.count()).select_from(FILE.fileid.table).where(*_is_of_dataset())


def draw(session: Transaction, number: int) -> tuple[list[int], datetime]:
    """Draw numbers of new files in rising order, and the time, in one round trip."""
    fileids, when = session.execute(_draw(), {"number": number}).one()
    return sorted(fileids), when


@cache
def _draw() -> Select[Any]:
    series = func.generate_series(1, bindparam("number", type_=Integer)).alias()
    drawn = select(JEDI_DATASET_CONT_FILEID_SEQ.next_value()).select_from(series)
    return select(func.array(drawn.scalar_subquery(), type_=ARRAY(BigInteger)), now())


def put_in(
    session: Transaction,
    context: FeedContext,
    change: ContentChange,
    when: datetime,
    constituents: Mapping[str, int],
) -> None:
    """Copy the new files of a dataset into the table; each knows the constituent it comes from."""
    if change.records:
        rows = _rows(context, change, when, constituents)
        copy_rows(session, JediDatasetContents, COLUMNS, rows)


def _rows(
    context: FeedContext,
    change: ContentChange,
    when: datetime,
    constituents: Mapping[str, int],
) -> Iterator[tuple[Any, ...]]:
    dataset, limits = context.dataset, context.limits
    task, number, kind = (dataset.row[name] for name in ("jeditaskid", "datasetid", "type"))
    keeptrack = 1 if dataset.is_tracked else None
    attempts, failures = limits.max_attempt, limits.max_failure
    for fileid, one, status in zip(change.fileids, change.records, change.statuses, strict=True):
        file = one.file
        yield (
            task, number, fileid, when, one.lfn, file.guid, kind, status, file.fsize,
            file.checksum, file.scope, 0, attempts, one.nevents, keeptrack, one.startevent,
            one.endevent, one.firstevent, 0, file.lumiblocknr, failures, 0, "ready",
            constituents.get(one.lfn),
        )  # fmt: skip


def apply(session: Transaction, context: FeedContext, change: ContentChange) -> None:
    """Change the files that are there: released ones are ready, vanished ones lost."""
    if change.released or change.lost:
        given = {"released": [*change.released], "lost": [*change.lost]}
        session.execute(_apply(), given | _key(context.dataset))


@cache
def _apply() -> Update:
    released, lost = (FILE.fileid == func.any(unseen_array(name)) for name in ("released", "lost"))
    return (
        update(FILE.fileid.table)
        .where(*_is_of_dataset(), or_(released, lost))
        .values(status=case((lost, "lost"), else_="ready"))
    )


def unseen_array(name: str) -> ColumnElement[Any]:
    """Return a parameter that is an array of ids, hidden from the planner."""
    return func.array(select(func.unnest(unseen(array(name)))).scalar_subquery())


def used_by(session: Transaction, tasks: Sequence[int], name: str) -> list[UsedFile]:
    """Return the files of an input dataset, by its name, that other tasks have finished."""
    statement = _finished(INPUT_TYPES)
    found = session.execute(statement, {"tasks": [*tasks], "names": _names(name)})
    return [UsedFile(*row) for row in found]


def produced_by(session: Transaction, task: int, name: str) -> set[str]:
    """Return the files of an output dataset, by its name, that a task's jobs have finished."""
    statement = _finished(PRODUCTS)
    found = session.execute(statement, {"tasks": [task], "names": _names(name)})
    return {row.lfn for row in found}


@cache
def _finished(types: tuple[str, ...]) -> Select[Any]:
    names = bindparam("names", type_=ARRAY(String))
    return (
        select(FILE.lfn, FILE.startevent, FILE.endevent)
        .join(
            DATASET.datasetid.table,
            and_(DATASET.jeditaskid == FILE.jeditaskid, DATASET.datasetid == FILE.datasetid),
        )
        .where(
            DATASET.jeditaskid == func.any(array("tasks")),
            DATASET.type.in_(types),
            DATASET.datasetname == func.any(names),
            FILE.status == "finished",
        )
    )


def _names(name: str) -> list[str]:
    return [name, name.rsplit(":", 1)[-1]]


def _is_of_dataset() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return FILE.jeditaskid == bindparam("task"), FILE.datasetid == bindparam("dataset")


def _key(dataset: InputDataset) -> dict[str, int]:
    return {"task": dataset.row["jeditaskid"], "dataset": dataset.datasetid}
