# Written from the functions of `pandadb.services.workflows` by `pandadb docs stubs`.

from collections.abc import Mapping, Sequence
from typing import Any

from pandadb.aio.base.database import AsyncDatabase
from pandadb.services.workflows import (
    LEASE,
    STATES,
    AttemptKey,
    CancelRequested,
    NewSequence,
    SequenceCancelResult,
    SequenceFilter,
    SequenceLease,
    SequenceLeaseLost,
    SequenceLocked,
    SequenceNotAllowed,
    SequenceNotFound,
    SequenceRun,
    StepRun,
    VerbOptions,
)

__all__ = [
    "LEASE",
    "STATES",
    "AttemptKey",
    "CancelRequested",
    "NewSequence",
    "SequenceCancelResult",
    "SequenceFilter",
    "SequenceLease",
    "SequenceLeaseLost",
    "SequenceLocked",
    "SequenceNotAllowed",
    "SequenceNotFound",
    "SequenceRun",
    "StepRun",
    "VerbOptions",
    "begin",
    "begin_step",
    "cancel",
    "end",
    "end_step",
    "find",
    "get",
    "interrupt",
    "renew",
    "resume",
    "take_result",
]

async def begin(
    database: AsyncDatabase,
    new: NewSequence,
    *,
    again: bool = False,
) -> SequenceLease:
    """Begin a sequence; return the lease of this process for it.

    Raises:
        SequenceLocked: A process runs the same one: the file, with this text, of this user; unless
            it is to run `again` beside it.
    """

async def begin_step(
    database: AsyncDatabase,
    lease: SequenceLease,
    key: AttemptKey,
) -> int:
    """Note that an attempt of a step begins; return its number.

    Raises:
        SequenceLeaseLost: The lease is lost.
    """

async def cancel(
    database: AsyncDatabase,
    workflow_ids: int | Sequence[int],
    options: VerbOptions = ...,
    *,
    by: str,
    jobs: bool = False,
) -> SequenceCancelResult:
    """Cancel sequences; with `jobs` those jobs, too, that their steps have submitted.

    Raises:
        InvalidValue: A number is none, or `by` is no text.
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def end(
    database: AsyncDatabase,
    lease: SequenceLease,
    verb: str,
    message: str | None = None,
) -> None:
    """End a sequence: `finish`, `fail` or `cancel`; steps without an end are cancelled.

    Raises:
        SequenceLeaseLost: The lease is lost.
    """

async def end_step(
    database: AsyncDatabase,
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

async def find(
    database: AsyncDatabase,
    chosen: SequenceFilter = ...,
    *,
    limit: int = 100,
    after: int | None = None,
) -> list[SequenceRun]:
    """Return sequences that match, the newest first; `after` is the last of the page before.

    Raises:
        InvalidValue: `limit` is not from 1 to 100,000.
    """

async def get(
    database: AsyncDatabase,
    workflow_id: int,
) -> tuple[SequenceRun, list[StepRun]]:
    """Return a sequence with its steps, in the order of their begins.

    Raises:
        SequenceNotFound: There is none with this number.
    """

async def interrupt(
    database: AsyncDatabase,
    lease: SequenceLease,
) -> None:
    """End the lease of a sequence that is to be resumed later; one that is lost is left."""

async def renew(
    database: AsyncDatabase,
    lease: SequenceLease,
) -> None:
    """Give a sign of life, several within the time of a lease.

    Raises:
        SequenceLeaseLost: The lease is lost.
        CancelRequested: A user has asked for the end.
    """

async def resume(
    database: AsyncDatabase,
    new: NewSequence,
    workflow_id: int | None = None,
) -> tuple[SequenceLease, list[StepRun]]:
    """Go on with a sequence; return the lease of this process for it, and its steps so far.

    It is the newest sequence of the file, with this text, of this user; or one that is given.

    Raises:
        SequenceNotFound: There is none.
        SequenceLocked: A process runs it.
        SequenceNotAllowed: It has run to its end, or is another file's.
    """

async def take_result(
    database: AsyncDatabase,
    lease: SequenceLease,
    step_id: int,
    result: Mapping[str, Any],
) -> None:
    """Note the result of the jobs of a step.

    Raises:
        SequenceLeaseLost: The lease is lost.
    """
