"""The end of jobs by their workers: one lease (its loss is an error), or several."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pandadb.core.queue import leases
from pandadb.core.queue.ending import ends, finishes
from pandadb.core.queue.ending.end_results import EndResult, Failure, Success
from pandadb.core.queue.leases import Lease
from pandadb.core.sql.validation import InvalidValue
from pandadb.services.queue.attempts import repeated
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Unpack

    from pandadb.core.jobs.files.file_reports import Reports
    from pandadb.core.queue.flows.graphs import Response
    from pandadb.database import Database
    from pandadb.job_types import JobColumns


@repeated
def finish(
    database: Database,
    successes: Success | Lease | Sequence[Success | Lease],
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    files: Reports | None = None,
    response: Response | None = None,
    **values: Unpack[JobColumns],
) -> EndResult:
    """Finish jobs by their leases, each with its result, if it has one; children go on.

    With a response one job changes its flow: see `Response`; several have theirs in `Success`.

    Raises:
        LeaseLost: It was one lease, and it is lost; nothing was changed.
        FlowLocked: The flow was locked for longer than the lock timeout.
        InvalidValue: A value does not fit its column.
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    alone = isinstance(successes, Success | Lease)
    given = [successes] if isinstance(successes, Success | Lease) else successes
    wanted = [Success(one) if isinstance(one, Lease) else one for one in given]
    if response is not None:
        wanted = [replace(one, response=response) for one in _only(wanted)]
    with transaction(database, options, by_index=True) as connection:
        done = finishes.finish(connection, wanted, host=options.host, values=values, files=files)
    return _checked(done, alone)


@repeated
def fail(
    database: Database,
    failures: Failure | Sequence[Failure],
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    files: Reports | None = None,
) -> EndResult:
    """End failed attempts by their leases: a job with an attempt left goes back to its queue.

    Raises:
        LeaseLost: It was one lease, and it is lost; nothing was changed.
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    wanted = [failures] if isinstance(failures, Failure) else failures
    with transaction(database, options, by_index=True) as connection:
        done = ends.fail(connection, wanted, host=options.host, files=files)
    return _checked(done, isinstance(failures, Failure))


@repeated
def give_back(
    database: Database,
    held: Lease | Sequence[Lease],
    options: VerbOptions = DEFAULT_OPTIONS,
) -> EndResult:
    """Give jobs back to their queue that no payload has begun: no attempt is counted.

    Raises:
        LeaseLost: It was one lease, and it is lost; nothing was changed.
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    return by_leases(database, held, options, ends.give_back)


@repeated
def end_cancelled(
    database: Database,
    held: Lease | Sequence[Lease],
    options: VerbOptions = DEFAULT_OPTIONS,
) -> EndResult:
    """End jobs that were to be cancelled, now that their payloads have ended.

    Raises:
        LeaseLost: It was one lease, and it is lost; nothing was changed.
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    return by_leases(database, held, options, ends.cancel)


def by_leases(
    database: Database,
    held: Lease | Sequence[Lease],
    options: VerbOptions,
    act: Callable[..., EndResult],
) -> EndResult:
    """Do something with jobs by their leases, in one transaction.

    Raises:
        LeaseLost: It was one lease, and it is lost; nothing was changed.
    """
    wanted = [held] if isinstance(held, Lease) else held
    with transaction(database, options, by_index=True) as connection:
        done = act(connection, wanted, host=options.host)
    return _checked(done, isinstance(held, Lease))


def _only(successes: Sequence[Success]) -> Sequence[Success]:
    """Return the success of one job.

    Raises:
        InvalidValue: There are several, and a response is of one.
    """
    if len(successes) != 1:
        raise InvalidValue("A response is of one job: give each Success its own")
    return successes


def _checked(done: EndResult, alone: bool) -> EndResult:
    """Return the result, unless it is of one lease, and that is lost."""
    if alone and done.lost:
        raise leases.lost(done.lost[0])
    return done
