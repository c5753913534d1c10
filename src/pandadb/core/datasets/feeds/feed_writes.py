"""What feeds of a task's datasets write, collected: a few statements for however many datasets."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, bindparam, func, literal, select, update

from pandadb.core.datasets.dataset_types import INPUTS
from pandadb.core.datasets.feeds import contents
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import array, unnested
from pandadb.models import JediDatasets, TTask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Select, TableValuedAlias, Update

    from pandadb.core.datasets.attributes import InputDataset
    from pandadb.core.datasets.feeds.content_changes import ContentChange
    from pandadb.core.datasets.feeds.contents import FileChange
    from pandadb.core.datasets.feeds.feed_context import FeedContext
    from pandadb.core.sql.transaction import Transaction

DATASET, DEFT = JediDatasets.__table__.c, TTask.__table__.c
COUNTERS = ("nfiles", "nfilestobeused", "nfilesused", "nevents", "nfilesmissing", "nfilesfailed")
"""Counters that a feed sets."""
MOST_EVENTS = 9_999_999_999
"""Events that T_TASK keeps at most."""


@dataclass
class FeedWrites:
    """Changes of datasets of a task that are not written yet."""

    task: int
    statuses: dict[int, str | None] = field(default_factory=dict)
    """The states of the task's datasets as they are to be, by their numbers."""
    files: list[FileChange] = field(default_factory=list)
    counted: list[dict[str, Any]] = field(default_factory=list)
    """New values of counters and states, of datasets that are fed."""
    closed: list[dict[str, Any]] = field(default_factory=list)
    """New states of datasets without files to be fed."""
    has_master: bool = False

    def add(
        self, context: FeedContext, change: ContentChange, constituents: Mapping[str, int]
    ) -> None:
        """Add the changes by the feed of a dataset."""
        dataset = context.dataset
        status = change.status or dataset.row["status"]
        master = None if change.status else dataset.row["masterid"]
        if master is not None:  # nothing is released yet: it waits as its master does
            status = self.statuses.get(master) or status
        self.statuses[dataset.datasetid] = status
        self.files.append((context, change, constituents))
        states = {"status": status, "state": change.state}
        self.counted.append({"datasetid": dataset.datasetid, **change.counters, **states})
        self.has_master |= dataset.is_master

    def close(self, dataset: InputDataset, status: str, state: str | None) -> None:
        """Add the state of a dataset without files to be fed: it is missing, or cannot be read."""
        self.statuses[dataset.datasetid] = status
        self.closed.append({"datasetid": dataset.datasetid, "status": status, "state": state})


def statuses(session: Transaction, task: int) -> dict[int, str | None]:
    """Return the states of a task's datasets."""
    found = select(DATASET.datasetid, DATASET.status).where(DATASET.jeditaskid == task)
    return {row.datasetid: row.status for row in session.execute(found)}


def write(session: Transaction, writes: FeedWrites) -> None:
    """Write the changes that are collected; new files get their numbers in the order of these."""
    given = {"task": writes.task}
    if number := sum(len(change.records) for _, change, _ in writes.files):
        fileids, when = contents.draw(session, number)
        contents.put_in(session, _numbered(writes.files, fileids), when)
    contents.apply(session, writes.task, writes.files)
    if writes.counted:
        session.execute(_count(), given | _arrays(writes.counted))
    if writes.closed:
        session.execute(_close(), given | _arrays(writes.closed))
    if writes.has_master:
        session.execute(_input_events(), given)
    writes.files, writes.counted, writes.closed = [], [], []
    writes.has_master = False


def _numbered(files: Sequence[FileChange], fileids: Sequence[int]) -> list[FileChange]:
    numbers = iter(fileids)
    return [
        (context, replace(change, fileids=[*islice(numbers, len(change.records))]), constituents)
        for context, change, constituents in files
    ]


def _arrays(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {f"new_{name}": [row[name] for row in rows] for name in rows[0]}


def _given(*names: str) -> TableValuedAlias:
    """Return new values of datasets as a table."""
    arrays = {name: bindparam(f"new_{name}", type_=ARRAY(DATASET[name].type)) for name in names}
    return unnested("given", datasetid=array("new_datasetid"), **arrays)


@cache
def _count() -> Update:
    given = _given(*COUNTERS, "status", "state")
    new = {name: given.c[name] for name in (*COUNTERS, "status", "state")}
    return (
        update(JediDatasets.__table__)
        .where(DATASET.jeditaskid == bindparam("task"), DATASET.datasetid == given.c.datasetid)
        .values(new | {"statechecktime": now()})
    )


@cache
def _close() -> Update:
    given = _given("status", "state")
    return (
        update(JediDatasets.__table__)
        .where(DATASET.jeditaskid == bindparam("task"), DATASET.datasetid == given.c.datasetid)
        .values(
            status=given.c.status,
            state=func.coalesce(given.c.state, DATASET.state),
            modificationtime=now(),
        )
    )


@cache
def _input_events() -> Update:
    """Return the statement that notes the events of all masters in T_TASK."""
    return (
        update(TTask.__table__)
        .where(DEFT.taskid == bindparam("task"))
        .values(total_input_events=func.least(literal(MOST_EVENTS), _events().scalar_subquery()))
    )


def _events() -> Select[Any]:
    return select(func.sum(DATASET.nevents)).where(
        DATASET.jeditaskid == bindparam("task"),
        DATASET.type.in_(INPUTS),
        DATASET.masterid.is_(None),
    )
