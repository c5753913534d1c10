"""The mover: jobs through one transition, in one statement, however many they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pandadb.core.jobs import lock_order, move_statement, states
from pandadb.core.jobs.move_statement import MovedJob, Route
from pandadb.core.jobs.refusals import explain, refusing_to_wait
from pandadb.core.sql import id_arrays
from pandadb.core.sql.prepared import send
from pandadb.core.sql.transaction import Lock, waiting_table
from pandadb.models import JobsActive4
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pandadb.core.jobs.move_statement import Condition
    from pandadb.core.jobs.refusals import Refusal
    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.machine import Transition
    from pandadb.models.jobs.all_tables import JobTable


@dataclass
class MoveResult:
    """The result of a move."""

    jobs: dict[int, str] = field(default_factory=dict)
    """The PandaIDs that moved, each with the state that the job is in now."""
    refused: dict[int, Refusal] = field(default_factory=dict)
    """The PandaIDs that did not, each with the reason."""
    merged: dict[int, str] = field(default_factory=dict)
    """The jobs that waited for these to merge their outputs or to build their library, and have
    ended with them, each with its state."""
    before: dict[int, str] = field(default_factory=dict)
    """The PandaIDs that moved, each with the state that the job was in."""
    follow: dict[int, int] = field(default_factory=dict)
    """The jobs of the event service that have ended, each with the new job that goes on."""

    def add(self, other: MoveResult) -> None:
        """Add the result of other moves of the same call; a job that has ended is not refused."""
        for name in ("jobs", "refused", "merged", "before", "follow"):
            getattr(self, name).update(getattr(other, name))
        for job in (*other.jobs, *other.merged):
            self.refused.pop(job, None)


@dataclass
class Consequences:
    """The consequences of a move for files and for other jobs."""

    has_files: bool = False
    """Whether the jobs have files in datasets; these datasets are locked then."""
    counted_tasks: list[int] = field(default_factory=list)
    """The tasks of JEDI's jobs that count them if they finish, one for each job."""
    clones: list[int] = field(default_factory=list)
    """Those of the jobs that are clones of others."""
    measured: list[int] = field(default_factory=list)
    """Those of the jobs with a queue, or a grid, of which the use of energy is known."""
    timed: list[int] = field(default_factory=list)
    """Those of the jobs that have the time at which their task was queued."""
    dispatched: list[int] = field(default_factory=list)
    """Those of the failed jobs with inputs that a dispatch block moved."""
    controlled: list[int] = field(default_factory=list)
    """Those of the jobs that have ended on whose end the job queue has to act."""
    builds: list[int] = field(default_factory=list)
    """Those of the jobs that have failed to build a library."""


def move(
    session: Transaction,
    steps: Sequence[Transition],
    jobs: Sequence[int] | Condition,
    *,
    host: str,
    values: Mapping[str, Any] | None = None,
    lock: Lock = Lock.WAIT,
    accounted: bool = False,
    spares_events: bool = False,
) -> tuple[MoveResult, Consequences]:
    """Move jobs through the first of the transitions that fits; return the result for each job.

    The jobs are PandaIDs, or a condition on a table of jobs. One statement per table that can hold
    them changes the columns of the transition, moves the rows and writes the status log; one more
    sets the `modificationtime` of the satellites of jobs that have ended. Jobs are locked in the
    order of their PandaIDs. The `values` of columns must have been validated: see `validation`.

    With `accounted`, tasks and datasets of the jobs are locked before the jobs, which must be
    PandaIDs; the consequences then have `has_files`. With `spares_events` jobs
    are refused if their end depends on ranges of events, as that of clones does.

    Raises:
        JobsLocked: With NOWAIT, another transaction has locked one of the jobs; or the session's
            `lock_timeout` has passed. The transaction can only be rolled back.
    """
    done, then = MoveResult(), Consequences()
    left = jobs if callable(jobs) else [*dict.fromkeys(jobs)]
    for step in steps:
        sources = [table for table in LIVE_TABLES if states.JOBS.sources_in(step, table)]
        for source, how in looks(sources, lock):
            if left:
                target = states.destination(step, waiting_table(session))
                route = Route(
                    step,
                    source,
                    target,
                    tuple(values or ()),
                    how,
                    accounted=accounted,
                    spares_events=spares_events,
                )
                given = {**(values or {}), "host": host[:128]}
                rows = _along(session, route, left, given)
                note(session, rows, step, done, then, accounted=accounted)
                left = left if callable(left) else [job for job in left if job not in done.jobs]
    if left and not callable(left):
        done.refused = explain(session, steps, left)
    return done, then


def note(
    session: Transaction,
    rows: Sequence[MovedJob],
    step: Transition,
    done: MoveResult,
    then: Consequences,
    *,
    accounted: bool,
    has_leases: bool = True,
) -> None:
    """Note jobs that have just moved along a step, and see to their satellites and leases."""
    if rows:
        _follow(session, rows, step, then, accounted=accounted, has_leases=has_leases)
    done.before = {one.pandaid: one.before for one in rows} | done.before
    done.jobs |= dict.fromkeys((one.pandaid for one in rows), step.target)


def looks(tables: Sequence[JobTable], lock: Lock) -> Iterator[tuple[JobTable, Lock]]:
    """Yield where to look for jobs: where most are, then in the order of a job's life.

    So none is missed that moves on meanwhile. The second look into a table does not wait: its locks
    come out of order, and two movers could wait for each other.
    """
    places = [*tables]
    if JobsActive4 in places[1:]:
        places.insert(0, JobsActive4)
    for number, place in enumerate(places):
        again = place in places[:number]
        yield place, Lock.SKIP if again and lock is Lock.WAIT else lock


def _along(
    session: Transaction, route: Route, jobs: Sequence[int] | Condition, values: dict[str, Any]
) -> list[MovedJob]:
    """Move jobs along one route; return them."""
    with refusing_to_wait():
        if callable(jobs):
            rows: Any = session.execute(move_statement.statement(route, jobs), values)
        else:
            given = {**values, "pandaids": id_arrays.written(jobs)}
            rows = send(session, move_statement.prepared(route), given)
        return [MovedJob(*row) for row in rows]


def _follow(
    session: Transaction,
    moved: Sequence[MovedJob],
    step: Transition,
    then: Consequences,
    *,
    accounted: bool,
    has_leases: bool,
) -> None:
    """See to the satellites of jobs that have just moved, and note the consequences."""
    has_files = any(one.has_files for one in moved)
    strays = [] if has_files or not accounted else _without_files(session, moved)
    if states.is_end(step):
        _stamp(session, moved, step, then, has_leases=has_leases)
    then.has_files |= has_files
    if strays:
        then.has_files |= _gather(session, strays, moved[0], step)
    then.counted_tasks += [one.counted_task for one in moved if one.counted_task]
    then.measured += [one.pandaid for one in moved if one.is_measured]
    then.clones += [one.pandaid for one in moved if one.is_clone]
    then.timed += [one.pandaid for one in moved if one.is_timed]
    then.builds += [one.pandaid for one in moved if one.builds]


def _stamp(
    session: Transaction,
    ended: Sequence[MovedJob],
    step: Transition,
    then: Consequences,
    *,
    has_leases: bool,
) -> None:
    """Set the time of the satellites of jobs that have just ended to the time of their end.

    Notes those that have failed with inputs that were moved by a dispatch block, and those of the
    job queue with something to follow; the leases of all end.
    """
    given = {"pandaids": id_arrays.written(one.pandaid for one in ended), "at": ended[0].at}
    with refusing_to_wait():
        found = send(session, move_statement.stamp(step, releases=has_leases), given)
        for pandaid, is_controlled in found:
            if pandaid is None:  # listeners were notified
                continue
            (then.controlled if is_controlled else then.dispatched).append(pandaid)


def _without_files(session: Transaction, moved: Sequence[MovedJob]) -> list[int]:
    """Return those of JEDI's jobs that have no file at all in the partition of live jobs."""
    jobs = [one.pandaid for one in moved if one.is_jedis]
    if not jobs:
        return []
    given = {"pandaids": id_arrays.written(jobs)}
    found = {pandaid for (pandaid,) in send(session, move_statement.with_files(), given)}
    return [job for job in jobs if job not in found]


def _gather(session: Transaction, jobs: Sequence[int], first: MovedJob, step: Transition) -> bool:
    """Bring the files of JEDI's jobs to the partition of their jobs; return whether there are any.

    The files of live jobs are in the partition of 1970, where they are looked for. Jobs of JEDI's
    that seem to have none may have been inserted with another time. Their datasets could not be
    locked before the jobs.
    """
    given = {"pandaids": id_arrays.written(jobs), "at": first.at}
    live = not states.is_end(step)
    with refusing_to_wait():
        found = send(session, move_statement.gather(step), given)
        if found:
            session.execute(lock_order.datasets(Lock.WAIT, live=live), {"pandaids": jobs})
    return bool(found)
