"""Flows that are deleted: some, or all."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from pandadb.core.queue.flows import purges
from pandadb.core.queue.steps import batch_processes
from pandadb.core.sql import validation
from pandadb.errors import PandaDBError
from pandadb.services.queue.attempts import repeated
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.database import Database
    from pandadb.services.selection import OnError

MAX_FLOWS, MAX_RESET = 10, 25
"""Flows of a deletion, and of a reset, unless more are allowed."""


class TooManyFlows(PandaDBError):
    """A deletion would delete more flows than its limit."""


@repeated
def delete(
    database: Database,
    flows: int | Sequence[int],
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    limit: int | None = MAX_FLOWS,
    cancel: bool = False,
    on_error: OnError = "abort",
) -> list[int]:
    """Delete flows with all their jobs; return those that are gone.

    With `cancel` jobs that have not ended are cancelled first, at once. Rows of jobs that are in
    the archive stay there. With `on_error` `skip` flows that cannot be deleted now are left, and
    the others are deleted; with `abort` all are, or none.

    Raises:
        TooManyFlows: There are more than the limit; None is no limit.
        FlowNotAllowed: A job has not ended, and is not to be cancelled.
        FlowLocked, ControlLocked, JobsLocked: A flow or a job was locked for longer
            than the lock timeout.
    """
    chosen = validation.ids(flows, "flow")
    if limit is not None and len(chosen) > limit:
        raise TooManyFlows(f"{len(chosen)} flows would be deleted; the limit is {limit}")
    with transaction(database, options) as connection:
        return purges.remove(
            connection, chosen, host=options.host, cancels=cancel, skips=on_error == "skip"
        )


def reset(
    database: Database,
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    limit: int = MAX_RESET,
    today: date | None = None,
) -> int:
    """Delete all flows, whatever their jobs do, and all batch processes; return their number.

    A database with as many flows as the limit is left alone, unless `today` is the date (UTC):
    nobody resets one of that size by accident. A limit of 0 is none.

    Raises:
        TooManyFlows: There are too many, and the date is missing or wrong.
        FlowLocked, ControlLocked, JobsLocked: A flow or a job was locked for longer
            than the lock timeout.
    """
    with transaction(database, options) as connection:
        number = purges.number(connection)
        if 0 < limit <= number and today != datetime.now(UTC).date():
            raise TooManyFlows(
                f"There are {number} flows; to reset a database with {limit} or more, say today's"
                " date"
            )
        purges.remove(connection, purges.every(connection), host=options.host, cancels=True)
        batch_processes.remove_all(connection)
        return number
