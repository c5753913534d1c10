"""Runs of sequences under leases: begun, resumed, their steps, ended."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from pandadb.core.workflows import leases, search, sequence_rows, step_rows
from pandadb.core.workflows.leases import SequenceLease
from pandadb.core.workflows.sequence_rows import SequenceLocked, SequenceNotFound
from pandadb.errors import PandaDBError
from pandadb.services.workflows.owners import is_gone, new_owner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Row
    from sqlalchemy.orm import Session

    from pandadb.core.workflows.search import StepRun
    from pandadb.core.workflows.sequence_rows import NewSequence
    from pandadb.core.workflows.step_rows import AttemptKey
    from pandadb.database import Database

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
"""Two processes that begin the same sequence at once do so one after the other."""


ATTEMPTS = 8
"""Attempts of a change while the database restarts: they last some 13 to 38 seconds."""


class CancelRequested(PandaDBError):
    """A user has asked for the end of the sequence."""


def begin(database: Database, new: NewSequence, *, again: bool = False) -> SequenceLease:
    """Begin a sequence; return the lease of this process for it.

    Raises:
        SequenceLocked: A process runs the same one: the file, with this text, of this user; unless
            it is to run `again` beside it.
    """
    with database.transaction() as connection:
        connection.execute(ONE_AT_A_TIME, {"key": f"pandadb sequence {new.key}"})
        for number in [] if again else sequence_rows.of_key(connection, new, is_open=True):
            _refuse_running(sequence_rows.lock(connection, number))
        owner = new_owner()
        number = sequence_rows.insert_row(connection, new, owner, {})
        return SequenceLease(number, owner)


def resume(
    database: Database, new: NewSequence, workflow_id: int | None = None
) -> tuple[SequenceLease, list[StepRun]]:
    """Go on with a sequence; return the lease of this process for it, and its steps so far.

    It is the newest sequence of the file, with this text, of this user; or one that is given.

    Raises:
        SequenceNotFound: There is none.
        SequenceLocked: A process runs it.
        SequenceNotAllowed: It has run to its end, or is another file's.
    """
    with database.transaction() as connection:
        number = workflow_id or _newest(connection, new)
        row = sequence_rows.lock(connection, number)
        if row.raw_request_json.get("key") != new.key:
            raise sequence_rows.SequenceNotAllowed(
                f"Sequence {number} is of {row.raw_request_json.get('path')}, or its file had"
                " another text or user: the steps that it has done are not those of this file"
            )
        _refuse_running(row)
        owner = new_owner()
        step_rows.interrupt(connection, number)
        sequence_rows.resume(connection, row, owner, {})
        return SequenceLease(number, owner), search.steps(connection, number)


def _newest(connection: Connection, new: NewSequence) -> int:
    found = sequence_rows.of_key(connection, new, is_open=False)
    if not found:
        raise SequenceNotFound(f"No sequence of {new.path} with this text has begun")
    return found[0]


def _refuse_running(row: Row[Any]) -> None:
    """Refuse a locked sequence that a process runs; a process that is gone runs none."""
    if row.is_live and not is_gone(row.locked_by):
        host, pid = [*row.locked_by.split(":"), ""][:2]
        raise SequenceLocked(
            f"Sequence {row.workflow_id} runs: process {pid} at {host} has its lease; "
            f"pandadb sequence cancel {row.workflow_id} ends it"
        )


def renew(database: Database, lease: SequenceLease) -> None:
    """Give a sign of life, several within the time of a lease.

    Raises:
        SequenceLeaseLost: The lease is lost.
        CancelRequested: A user has asked for the end.
    """
    parameters = database.retrying(partial(leases.renew, lease=lease), attempts=ATTEMPTS)
    if parameters.get("cancel_requested_at"):
        by = parameters.get("cancel_requested_by") or "a user"
        raise CancelRequested(f"Sequence {lease.workflow_id} is cancelled by {by}")


def begin_step(database: Database, lease: SequenceLease, key: AttemptKey) -> int:
    """Note that an attempt of a step begins; return its number.

    Raises:
        SequenceLeaseLost: The lease is lost.
    """

    def work(session: Session) -> int:
        leases.hold(session, lease)
        return step_rows.begin(session, lease, key)

    return database.retrying(work, attempts=ATTEMPTS)


def end_step(
    database: Database,
    lease: SequenceLease,
    step_id: int,
    *,
    status: int,
    output: str,
    begun_at: str,
    numbers: Mapping[str, int] | None = None,
) -> None:
    """Note the end of a step: the status of its script, and the numbers of its jobs, if any.

    Raises:
        SequenceLeaseLost: The lease is lost.
    """

    def work(session: Session) -> None:
        leases.hold(session, lease)
        step_rows.end(
            session, step_id, status=status, output=output, begun_at=begun_at, numbers=numbers
        )

    database.retrying(work, attempts=ATTEMPTS)


def take_result(
    database: Database, lease: SequenceLease, step_id: int, result: Mapping[str, Any]
) -> None:
    """Note the result of the jobs of a step.

    Raises:
        SequenceLeaseLost: The lease is lost.
    """

    def work(session: Session) -> None:
        leases.hold(session, lease)
        step_rows.take_result(session, step_id, result)

    database.retrying(work, attempts=ATTEMPTS)


def end(database: Database, lease: SequenceLease, verb: str, message: str | None = None) -> None:
    """End a sequence: `finish`, `fail` or `cancel`; steps without an end are cancelled.

    Raises:
        SequenceLeaseLost: The lease is lost.
    """

    def work(session: Session) -> None:
        sequence_rows.end(session, lease, verb, message)
        step_rows.interrupt(session, lease.workflow_id)

    database.retrying(work, attempts=ATTEMPTS)


def interrupt(database: Database, lease: SequenceLease) -> None:
    """End the lease of a sequence that is to be resumed later; one that is lost is left."""
    with database.transaction() as connection:
        leases.release(connection, lease)
