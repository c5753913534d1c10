"""Locks of jobs and flows: taken for a while, listed with their holders, and broken."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pandadb.core.control import flow_locks, locks
from pandadb.core.jobs.search.job_choices import pandaids_of
from pandadb.core.queue import cancels
from pandadb.core.queue.verbs import job_rows, lock_holders
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from pandadb.core.jobs.search.job_choices import JobChoice
    from pandadb.core.queue.verbs.lock_holders import LockHolder
    from pandadb.database import Database

Below = Literal["children", "all"]


@dataclass(frozen=True)
class HeldLocks:
    """The locks of jobs and of flows that other sessions hold."""

    jobs: list[LockHolder]
    flows: list[LockHolder]


@contextmanager
def lock_jobs(
    database: Database, chosen: JobChoice, options: VerbOptions = DEFAULT_OPTIONS
) -> Iterator[Connection]:
    """Keep verbs and workers from changing jobs in the block: one transaction.

    Nobody takes them meanwhile, and their workers wait to end them; leases are still renewed.

    Raises:
        JobsLocked: Another transaction has locked a job for longer than the lock timeout.
    """
    with transaction(database, options) as connection:
        job_rows.keep(connection, pandaids_of(connection, chosen), options.lock)
        yield connection


@contextmanager
def lock_flows(
    database: Database, jeditaskids: Sequence[int], options: VerbOptions = DEFAULT_OPTIONS
) -> Iterator[Connection]:
    """Keep verbs of users from changing flows in the block: one transaction.

    Raises:
        FlowLocked: Another transaction has locked a flow for longer than the lock timeout.
    """
    with transaction(database, options) as connection:
        flow_locks.lock(connection, jeditaskids, options.lock)
        yield connection


def held_locks(
    database: Database, chosen: JobChoice | None = None, flows: Sequence[int] | None = None
) -> HeldLocks:
    """Return the sessions that have locked jobs, and flows; None is of all."""
    with database.transaction() as connection:
        jobs = None if chosen is None else pandaids_of(connection, chosen)
        return HeldLocks(
            lock_holders.of_jobs(connection, jobs), lock_holders.of_flows(connection, flows)
        )


def break_locks(
    database: Database,
    chosen: JobChoice | None = None,
    flows: Sequence[int] | None = None,
    *,
    of_flows: bool = False,
    below: Below | None = None,
) -> HeldLocks:
    """End the sessions that have locked jobs, or flows; with `of_flows`, the flows of the jobs.

    `below` is for a verb that needs other jobs with these: their children, or all that depend on
    them. Each session is rolled back. Returns the locks that there were. The role needs the right
    to signal the sessions: its own, or as a member of pg_signal_backend.
    """
    with database.transaction() as connection:
        jobs = [] if chosen is None else pandaids_of(connection, chosen)
        if below:
            reach = cancels.descendants if below == "all" else locks.followers
            jobs = reach(connection, jobs)
        if of_flows:
            found = job_rows.read(connection, jobs).values()
            jobs, flows = [], sorted({one.jeditaskid for one in found if one.jeditaskid})
        held = HeldLocks(
            lock_holders.of_jobs(connection, jobs), lock_holders.of_flows(connection, flows or [])
        )
        lock_holders.end(connection, [*held.jobs, *held.flows])
    return held
