"""Ranges of events that go back, and samples of hyperparameters that are new."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.events import samples
from pandadb.core.jobs import range_releases
from pandadb.core.jobs.refusals import refusing_to_wait
from pandadb.core.sql.validation import ids
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pandadb.core.events.samples import Sample
    from pandadb.core.jobs.range_releases import ReleasedRanges
    from pandadb.database import Database


def release(
    database: Database,
    pandaids: int | Iterable[int],
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    live: bool = False,
) -> ReleasedRanges:
    """Take from jobs the ranges that they have not processed; it is idempotent.

    Jobs that live are refused, unless `live`: they may still process them.

    Raises:
        InvalidValue: A PandaID is not valid.
        JobsLocked: Another transaction has locked a job for longer than the lock timeout.
    """
    with transaction(database, options) as connection, refusing_to_wait():
        return range_releases.release(connection, ids(pandaids), live=live)


def add_samples(
    database: Database,
    jeditaskid: int,
    new: Sequence[Sample],
    options: VerbOptions = DEFAULT_OPTIONS,
) -> int:
    """Add samples of hyperparameters to a task; return how many are new. It is idempotent.

    Raises:
        InvalidValue: A sample is malformed, or the task has not one dataset for its model.
    """
    with transaction(database, options) as connection:
        return samples.add(connection, jeditaskid, new)
