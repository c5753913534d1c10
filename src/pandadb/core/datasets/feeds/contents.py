"""Files of datasets: JEDI_DATASET_CONTENTS read, filled by COPY, changed in one statement."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from itertools import chain
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

from pandadb.core.datasets.dataset_types import INPUTS, PRODUCED
from pandadb.core.datasets.feeds.content_changes import FedFile
from pandadb.core.datasets.feeds.file_selection import UsedFile
from pandadb.core.sql.copy import copy_rows
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import array, unseen
from pandadb.models import JediDatasetContents, JediDatasets
from pandadb.models.datasets import JEDI_DATASET_CONT_FILEID_SEQ

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select, Update

    from pandadb.core.datasets.feeds.content_changes import ContentChange
    from pandadb.core.datasets.feeds.feed_context import FeedContext
    from pandadb.core.sql.transaction import Transaction

    FileChange = tuple[FeedContext, ContentChange, Mapping[str, int]]
    """The changes of a dataset; each file that comes from a constituent, with its number."""

FILE, DATASET = JediDatasetContents.__table__.c, JediDatasets.__table__.c
COLUMNS = (
    "jeditaskid", "datasetid", "fileid", "creationdate", "lfn", "guid", "type", "status", "fsize",
    "checksum", "scope", "attemptnr", "maxattempt", "nevents", "keeptrack", "startevent",
    "endevent", "firstevent", "failedattempt", "lumiblocknr", "maxfailure", "ramcount",
    "proc_status", "constituent_id",
)  # fmt: skip
"""Columns of a new file."""


def read(session: Transaction, task: int, datasets: Sequence[int]) -> dict[int, list[FedFile]]:
    """Return the files of datasets of a task by their numbers, and lock them."""
    found: dict[int, list[FedFile]] = {number: [] for number in datasets}
    if datasets:
        rows = session.execute(_read(), {"task": task, "datasets": [*datasets]})
        for number, *row in rows:
            found[number].append(FedFile(*row))
    return found


@cache
def _read() -> Select[Any]:
    return (
        select(FILE.datasetid, *(FILE[name] for name in FedFile._fields))
        .where(*_is_of_datasets())
        .order_by(FILE.datasetid, FILE.fileid)
        .with_for_update()
    )


def count(session: Transaction, task: int, datasets: Sequence[int]) -> dict[int, int]:
    """Return the numbers of files that datasets of a task have."""
    found = dict.fromkeys(datasets, 0)
    if datasets:
        rows = session.execute(_count(), {"task": task, "datasets": [*datasets]})
        found |= {row.datasetid: row.files for row in rows}
    return found


@cache
def _count() -> Select[Any]:
    files = func.count().label("files")
    return select(FILE.datasetid, files).where(*_is_of_datasets()).group_by(FILE.datasetid)


def draw(session: Transaction, number: int) -> tuple[list[int], datetime]:
    """Draw numbers of new files in rising order, and the time, in one round trip."""
    fileids, when = session.execute(_draw(), {"number": number}).one()
    return sorted(fileids), when


@cache
def _draw() -> Select[Any]:
    series = func.generate_series(1, bindparam("number", type_=Integer)).alias()
    drawn = select(JEDI_DATASET_CONT_FILEID_SEQ.next_value()).select_from(series)
    return select(func.array(drawn.scalar_subquery(), type_=ARRAY(BigInteger)), now())


def put_in(session: Transaction, changes: Iterable[FileChange], when: datetime) -> None:
    """Copy the new files of datasets into the table; each knows the constituent it comes from."""
    rows = chain.from_iterable(_rows(*one, when) for one in changes)
    copy_rows(session, JediDatasetContents, COLUMNS, rows)


def _rows(
    context: FeedContext,
    change: ContentChange,
    constituents: Mapping[str, int],
    when: datetime,
) -> Iterator[tuple[Any, ...]]:
    dataset, limits = context.dataset, context.limits
    task, number, kind = (dataset.row[name] for name in ("jeditaskid", "datasetid", "type"))
    keeptrack = 1 if dataset.is_tracked else None
    attempts, failures = limits.max_attempt, limits.max_failure
    for fileid, record, status in zip(change.fileids, change.records, change.statuses, strict=True):
        file, nevents, start, end, first = record
        lfn, guid, scope, fsize, checksum, _, lumiblock = file
        yield (
            task, number, fileid, when, lfn, guid, kind, status, fsize or 0, checksum, scope, 0,
            attempts, nevents, keeptrack, start, end, first, 0, lumiblock, failures, 0, "ready",
            constituents.get(lfn),
        )  # fmt: skip


def apply(session: Transaction, task: int, changes: Iterable[FileChange]) -> None:
    """Change the files that are there: released ones are ready, vanished ones lost."""
    datasets: list[int] = []
    released: list[int] = []
    lost: list[int] = []
    for context, change, _ in changes:
        if change.released or change.lost:
            datasets.append(context.dataset.datasetid)
            released += change.released
            lost += change.lost
    if datasets:
        given = {"task": task, "datasets": datasets, "released": released, "lost": lost}
        session.execute(_apply(), given)


@cache
def _apply() -> Update:
    released, lost = (FILE.fileid == func.any(unseen_array(name)) for name in ("released", "lost"))
    return (
        update(FILE.fileid.table)
        .where(*_is_of_datasets(), or_(released, lost))
        .values(status=case((lost, "lost"), else_="ready"))
    )


def unseen_array(name: str) -> ColumnElement[Any]:
    """Return a parameter that is an array of ids, hidden from the planner."""
    return func.array(select(func.unnest(unseen(array(name)))).scalar_subquery())


def finished_inputs(
    session: Transaction, tasks: Sequence[int], names: Sequence[str]
) -> dict[str, list[UsedFile]]:
    """Return the files of input datasets, by their names, that tasks have finished."""
    return _finished_files(session, INPUTS, tasks, names)


def finished_outputs(session: Transaction, task: int, names: Sequence[str]) -> dict[str, set[str]]:
    """Return the files of output datasets, by their names, that a task's jobs have finished."""
    found = _finished_files(session, PRODUCED, [task], names)
    return {name: {one.lfn for one in files} for name, files in found.items()}


def _finished_files(
    session: Transaction, types: tuple[str, ...], tasks: Sequence[int], names: Sequence[str]
) -> dict[str, list[UsedFile]]:
    """Return files of datasets by the names that were asked for, with or without a scope."""
    found: dict[str, list[UsedFile]] = {name: [] for name in names}
    asked: defaultdict[str, set[str]] = defaultdict(set)
    for name in names:
        for one in (name, name.rsplit(":", 1)[-1]):
            asked[one].add(name)
    if asked and tasks:
        rows = session.execute(_finished(types), {"tasks": [*tasks], "names": [*asked]})
        for datasetname, *row in rows:
            for name in asked[datasetname]:
                found[name].append(UsedFile(*row))
    return found


@cache
def _finished(types: tuple[str, ...]) -> Select[Any]:
    names = bindparam("names", type_=ARRAY(String))
    return (
        select(DATASET.datasetname, FILE.lfn, FILE.startevent, FILE.endevent)
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


def _is_of_datasets() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return FILE.jeditaskid == bindparam("task"), FILE.datasetid == func.any(array("datasets"))
