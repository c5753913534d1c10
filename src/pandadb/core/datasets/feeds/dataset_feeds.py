"""The feed of one dataset of a task: its files, its counters and its state (semantics 4.1, 4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from pandadb.core.datasets.feeds import content_changes, file_selection
from pandadb.core.sql.transaction import Lock
from pandadb.models import JediDatasets

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from pandadb.core.datasets.catalogue import CatalogueFile
    from pandadb.core.datasets.feeds.content_changes import ContentChange, FedFile
    from pandadb.core.datasets.feeds.feed_context import FeedContext
    from pandadb.core.datasets.feeds.file_selection import FileSelection, UsedFile
    from pandadb.core.sql.transaction import Transaction

DATASET = JediDatasets.__table__.c
TO_UPDATE = ("defined", "toupdate")
"""States of datasets with files to be read."""


def feed(
    existing: Sequence[FedFile],
    context: FeedContext,
    files: Iterable[CatalogueFile],
    *,
    used: Collection[UsedFile] = (),
) -> tuple[FileSelection, ContentChange]:
    """Return the changes of a dataset by the files that its source has: pure.

    Unused files that the source does not have any more are lost. The numbers of new ones are those
    that follow the numbers of the files that are there: the real ones are drawn with the write.

    Raises:
        TooManyRecords: They are more than a dataset may have.
    """
    choice = context.settings.choice(context.dataset)
    selection = file_selection.select(files, context.dataset, choice, context.limits, used)
    records = content_changes.new_records(existing, selection)
    first = max((one.fileid for one in existing), default=0) + 1
    fileids = range(first, first + len(records))
    return selection, content_changes.change(existing, selection, context, records, fileids)


def lock(session: Transaction, task: int, datasets: Sequence[int], how: Lock) -> list[int]:
    """Lock datasets of a task in the order of their ids; return those that are locked."""
    statement = (
        select(DATASET.datasetid)
        .where(DATASET.jeditaskid == task, DATASET.datasetid.in_(datasets))
        .order_by(DATASET.datasetid)
        .with_for_update(nowait=how is Lock.NOWAIT, skip_locked=how is Lock.SKIP)
    )
    return [*session.scalars(statement)]
