"""Jobs for workers: claimed under leases, begun, and kept by heartbeats."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from pandadb.core.gateway import run_ends
from pandadb.core.jobs import advances
from pandadb.core.queue import claims, due_jobs, leases
from pandadb.core.queue.ending.end_results import EndResult
from pandadb.core.sql.validation import InvalidValue, check_number, check_text, words
from pandadb.services.queue.attempts import repeated
from pandadb.services.queue.reaping import make_ready
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Unpack

    from sqlalchemy import Connection, Engine

    from pandadb.core.queue.claims import ClaimPosition
    from pandadb.core.queue.leases import Beat, Lease
    from pandadb.database import Database
    from pandadb.job_types import JobColumns

log = logging.getLogger("pandadb.queue")

MAX_JOBS = 10_000
"""Jobs that one claim may ask for."""
POSITION_SECONDS = 1.0
"""Seconds that claims begin after the last one: a job that came back waits as long."""
POSITIONS: WeakKeyDictionary[Engine, dict[str, tuple[float, ClaimPosition | None]]] = (
    WeakKeyDictionary()
)
"""The last position in each queue, and since when none has begun at its head."""


def claim(
    database: Database,
    queues: str | Sequence[str],
    njobs: int = 1,
    *,
    owner: str,
    lease: float = leases.DEFAULT_SECONDS,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> list[Lease]:
    """Claim jobs of queues for a worker, each under a lease of so many seconds.

    The jobs of the first queue come first; of a queue those of the highest priority, then the
    oldest. Fewer jobs than asked for mean that others claim, too, or that no more are ready: jobs
    whose time has come are made ready then. The call never waits for jobs. Each queue is claimed
    in a transaction of its own: after an error the jobs that are claimed already are returned.

    Raises:
        InvalidValue: A number is beyond its limits, or a name is no text.
        JobsLocked: The table of jobs was locked for longer than the lock timeout.
    """
    check_claim(njobs, owner, lease)
    names = queue_names(queues)
    given = {"owner": owner, "seconds": lease, "host": options.host}
    found: list[Lease] = []

    def take() -> None:
        for queue in names if len(found) < njobs else ():
            with transaction(database, options, at_once=True) as connection:
                mine = claimed(connection, queue, njobs - len(found), given)
            found.extend(mine)

    try:
        take()
        if len(found) < njobs and make_ready(database, names, options=options):
            take()
    except Exception as error:
        if not found:
            raise
        log.warning("Fewer jobs are claimed than there may be: %s", error)
    return found


def claimed(connection: Connection, queue: str, njobs: int, words: dict[str, Any]) -> list[Lease]:
    """Claim jobs of a queue after those that this process has claimed lately, or from its head."""
    positions = POSITIONS.setdefault(connection.engine, {})
    since, position = positions.get(queue, (0.0, None))
    found: list[Lease] = []
    if position is not None and time.monotonic() - since < POSITION_SECONDS:
        found, position = claims.claim_after(connection, queue, njobs, position, **words)
        positions[queue] = since, position
    if len(found) < njobs:
        since = time.monotonic()
        others, position = claims.claim(connection, queue, njobs - len(found), **words)
        found += others
        positions[queue] = since, position
    return found


def queue_names(queues: str | Sequence[str]) -> list[str]:
    """Return the names of queues, each once."""
    return [*dict.fromkeys(words([queues] if isinstance(queues, str) else queues))]


def check_claim(njobs: int, owner: str, lease: float) -> None:
    """See that a claim can be.

    Raises:
        InvalidValue: A number is beyond its limits, or the owner is no text.
    """
    check_number("njobs", njobs, 0, MAX_JOBS)
    check_text("owner", owner)
    check_seconds(lease)


def check_seconds(lease: float) -> None:
    """See that a lease is neither too short nor too long.

    Raises:
        InvalidValue: It is.
    """
    if not leases.MIN_SECONDS <= lease <= leases.MAX_SECONDS:
        raise InvalidValue(
            f"lease has to be {leases.MIN_SECONDS} to {leases.MAX_SECONDS} seconds, not {lease!r}"
        )


@repeated
def start(
    database: Database,
    held: Sequence[Lease],
    options: VerbOptions = DEFAULT_OPTIONS,
    **values: Unpack[JobColumns],
) -> EndResult:
    """Record that the payloads of claimed jobs run; of lost leases nothing is changed.

    Raises:
        InvalidValue: A value does not fit its column.
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    with transaction(database, options) as connection:
        mine = leases.holders(connection, held)
        done = EndResult(lost=[one.pandaid for one in held if one.pandaid not in {*mine}])
        if mine:
            moved = advances.advance(
                connection, "heartbeat", mine, host=options.host, target="running", values=values
            )
            done.add(moved)
            done.add_ended(connection)
            _begin_runs(connection, [one for one in held if one.pandaid in done.jobs])
    return done


def _begin_runs(connection: Connection, started: Sequence[Lease]) -> None:
    """Note that jobs have begun that reduce runs of instruments."""
    handlers = {one.pandaid: one.parameters.get("handler") for one in started}
    if jobs := [job for job, name in handlers.items() if name == run_ends.HANDLER]:
        run_ends.begin(connection, jobs)


def heartbeat(
    database: Database,
    held: Sequence[Lease],
    lease: float = leases.DEFAULT_SECONDS,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> dict[int, Beat]:
    """Renew leases by so many seconds from now; return the answer for each job.

    A lost lease is not renewed; of several leases of a job `Beat.keeps` tells the one that is. A
    job that is to be cancelled keeps its lease until its worker has ended the payload: see
    `end_cancelled`.

    Raises:
        InvalidValue: The lease is too short or too long.
    """
    check_seconds(lease)
    if not held:
        return {}
    with transaction(database, options, at_once=True) as connection:
        return leases.renew(connection, held, lease)


def next_time(database: Database, queues: str | Sequence[str]) -> datetime | None:
    """Return the time (naive UTC) at which a job of the queues is due next, if there is one."""
    names = [*words([queues] if isinstance(queues, str) else queues)]
    with database.transaction() as connection:
        return due_jobs.next_time(connection, names)
