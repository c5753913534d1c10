"""The feed of one dataset of a task: its files, its counters and its state (semantics 4.1, 4.2)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, literal, select, update

from pandadb.core.datasets.attributes import INPUT_TYPES
from pandadb.core.datasets.feeds import content_changes, contents, file_selection
from pandadb.core.sql.expressions import now
from pandadb.core.sql.transaction import Lock
from pandadb.models import JediDatasets, TTask

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Select, Update

    from pandadb.core.datasets.attributes import InputDataset
    from pandadb.core.datasets.catalogue import CatalogueFile
    from pandadb.core.datasets.feeds.content_changes import ContentChange
    from pandadb.core.datasets.feeds.feed_context import FeedContext
    from pandadb.core.datasets.feeds.file_selection import FileSelection, UsedFile
    from pandadb.core.sql.transaction import Transaction

DATASET, DEFT = JediDatasets.__table__.c, TTask.__table__.c
TO_UPDATE = ("defined", "toupdate")
"""States of datasets with files to be read."""
COUNTERS = ("nfiles", "nfilestobeused", "nfilesused", "nevents", "nfilesmissing", "nfilesfailed")
"""Counters that a feed sets."""
MOST_EVENTS = 9_999_999_999
"""Events that T_TASK keeps at most."""


def feed(
    session: Transaction,
    context: FeedContext,
    files: Iterable[CatalogueFile],
    *,
    used: Collection[UsedFile] = (),
    constituents: Mapping[str, int] | None = None,
) -> tuple[FileSelection, ContentChange]:
    """Feed a locked dataset with the files that its source has.

    New ones are put in by COPY; unused ones that the source does not have any more are lost.

    Raises:
        TooManyRecords: They are more than a dataset may have; nothing was changed.
    """
    choice = context.settings.choice(context.dataset)
    selection = file_selection.select(files, context.dataset, choice, context.limits, used)
    existing = contents.read(session, context.dataset)
    records = content_changes.new_records(existing, selection)
    fileids, when = contents.draw(session, len(records))
    change = content_changes.change(existing, selection, context, records, fileids)
    contents.put_in(session, context, change, when, constituents or {})
    contents.apply(session, context, change)
    _update(session, context, change)
    if context.dataset.is_master:
        session.execute(_input_events(), {"task": context.dataset.row["jeditaskid"]})
    return selection, change


def _update(session: Transaction, context: FeedContext, change: ContentChange) -> None:
    dataset = context.dataset
    given = {"task": dataset.row["jeditaskid"], "dataset": dataset.datasetid}
    new = {
        f"new_{name}": value
        for name, value in {
            **change.counters,
            "status": change.status or dataset.row["status"],
            "state": change.state,
        }.items()
    }
    master = None if change.status else dataset.row["masterid"]
    if master is not None:  # nothing is released yet: it waits as its master does
        found = session.scalar(_status_of_master(), {**given, "master": master})
        new["new_status"] = found or new["new_status"]
    session.execute(_counters(), given | new)


@cache
def _status_of_master() -> Select[Any]:
    return select(DATASET.status).where(
        DATASET.jeditaskid == bindparam("task"), DATASET.datasetid == bindparam("master")
    )


@cache
def _counters() -> Update:
    names = (*COUNTERS, "status", "state")
    new = {name: bindparam(f"new_{name}", type_=DATASET[name].type) for name in names}
    return (
        update(JediDatasets.__table__)
        .where(DATASET.jeditaskid == bindparam("task"), DATASET.datasetid == bindparam("dataset"))
        .values(new | {"statechecktime": now()})
    )


@cache
def _input_events() -> Update:
    """Return the statement that notes the events of all masters in T_TASK."""
    total = (
        select(func.sum(DATASET.nevents))
        .where(
            DATASET.jeditaskid == bindparam("task"),
            DATASET.type.in_(INPUT_TYPES),
            DATASET.masterid.is_(None),
        )
        .scalar_subquery()
    )
    return (
        update(TTask.__table__)
        .where(DEFT.taskid == bindparam("task"))
        .values(total_input_events=func.least(literal(MOST_EVENTS), total))
    )


def close(session: Transaction, dataset: InputDataset, status: str, state: str | None) -> None:
    """Set the state of a dataset without files to be fed: it is missing, or cannot be read."""
    given = {"task": dataset.row["jeditaskid"], "dataset": dataset.datasetid}
    session.execute(_close(), given | {"new_status": status, "new_state": state})


@cache
def _close() -> Update:
    return (
        update(JediDatasets.__table__)
        .where(DATASET.jeditaskid == bindparam("task"), DATASET.datasetid == bindparam("dataset"))
        .values(
            status=bindparam("new_status", type_=DATASET.status.type),
            state=func.coalesce(bindparam("new_state", type_=DATASET.state.type), DATASET.state),
            modificationtime=now(),
        )
    )


def lock(session: Transaction, task: int, datasets: Sequence[int], how: Lock) -> list[int]:
    """Lock datasets of a task in the order of their ids; return those that are locked."""
    statement = (
        select(DATASET.datasetid)
        .where(DATASET.jeditaskid == task, DATASET.datasetid.in_(datasets))
        .order_by(DATASET.datasetid)
        .with_for_update(nowait=how is Lock.NOWAIT, skip_locked=how is Lock.SKIP)
    )
    return [*session.scalars(statement)]
