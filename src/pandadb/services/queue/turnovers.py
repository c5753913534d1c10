"""The end of jobs and the claim of the next ones, in one transaction: for loops of quick jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pandadb.core.queue import leases
from pandadb.core.queue.ending import finishes
from pandadb.core.queue.ending.end_results import EndResult, Success
from pandadb.core.queue.leases import Lease
from pandadb.services.queue.attempts import repeated
from pandadb.services.queue.claims import check_claim, claimed, queue_names
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.database import Database


class Turnover(NamedTuple):
    """Jobs that have ended, and the leases of the jobs that are next."""

    ended: EndResult
    leases: list[Lease]


@repeated
def finish_and_claim(
    database: Database,
    successes: Sequence[Success | Lease],
    queues: str | Sequence[str],
    njobs: int | None = None,
    *,
    owner: str,
    lease: float = leases.DEFAULT_SECONDS,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> Turnover:
    """Finish jobs by their leases, and claim so many others, or as many; all or nothing.

    It does what `finish` and then `claim` do, with one commit, and children that the end releases
    can be claimed. Jobs whose time has come are made ready by `claim` only: call that if there are
    fewer leases than asked for. Jobs whose lease is lost are reported as lost.

    Raises:
        FlowLocked: A flow was locked for longer than the lock timeout.
        InvalidValue: A number is beyond its limits, or a name is no text.
        JobsLocked: A job, or the table of jobs, was locked for longer than the lock timeout.
    """
    njobs = len(successes) if njobs is None else njobs
    check_claim(njobs, owner, lease)
    names, given = queue_names(queues), {"owner": owner, "seconds": lease, "host": options.host}
    wanted = [Success(one) if isinstance(one, Lease) else one for one in successes]
    found: list[Lease] = []
    with transaction(database, options, by_index=True) as connection:
        done = finishes.finish(connection, wanted, host=options.host)
        for queue in names:
            if len(found) < njobs:
                found += claimed(connection, queue, njobs - len(found), given)
    return Turnover(done, found)
