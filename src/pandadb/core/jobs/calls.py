"""One call of a verb: its jobs move, and all follows that the move has for files and other jobs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pandadb.core.control import followers
from pandadb.core.jobs import queuing_periods, states
from pandadb.core.jobs.dispatch import queued_jobs
from pandadb.core.jobs.ending import clones, energy, library_jobs, merge_jobs, transfer_datasets
from pandadb.core.jobs.files import file_accounting, file_reports, file_reset, task_totals
from pandadb.core.jobs.files.file_accounting import ACCOUNTED_STATES
from pandadb.core.jobs.mover import MoveResult, move
from pandadb.core.jobs.refusals import explain
from pandadb.core.sql.transaction import Lock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.control.followers import Followers
    from pandadb.core.jobs.files.file_reports import FileValues
    from pandadb.core.jobs.mover import Consequences
    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.machine import Transition


@dataclass(frozen=True)
class Call:
    """A call of a verb: its steps to one goal, and the values of the caller."""

    verb: str
    steps: Sequence[Transition]
    host: str
    values: Mapping[str, Any]
    lock: Lock
    reported: Sequence[FileValues] = ()
    accounted_as: str | None = None
    """The state that counts for files, instead of the goal."""
    settles: bool = True
    """Whether the end is one for the files of the task; else they are left to other jobs."""

    @property
    def goal(self) -> str:
        """Return the goal: all steps lead there."""
        return self.steps[0].target

    @property
    def end(self) -> str:
        """Return the state that counts for files."""
        return self.accounted_as or self.goal

    def by(self, verb: str, target: str | None = None, **changes: Any) -> Call:
        """Return the call with the steps of another verb."""
        return replace(self, verb=verb, steps=states.transitions(verb, target), **changes)


FROM_SITE = ("activated",)
"""States in which a job has been set up for a site."""


def take(
    session: Transaction, given: Call, pandaids: Sequence[int], *, spares_events: bool = False
) -> MoveResult:
    """Take jobs through the steps of a verb, with the consequences for files and other jobs."""
    steps, lock, accounted = given.steps, given.lock, is_accounted(given.steps)
    free = pandaids
    if accounted and lock is Lock.SKIP:
        free = file_accounting.lock(session, pandaids, lock)
    moved, then = move(
        session,
        steps,
        free,
        host=given.host,
        values=given.values,
        lock=lock,
        accounted=accounted,
        spares_events=spares_events,
    )
    if busy := [*{*pandaids} - {*free}]:
        moved.refused |= explain(session, steps, busy)
    settle(session, given, moved, then)
    return moved


def settle(session: Transaction, given: Call, moved: MoveResult, then: Consequences) -> None:
    """See to the consequences of a move for files and other jobs."""
    _account(session, given, moved, then)
    _conclude(session, given, moved, then)
    for job in moved.merged:
        moved.refused.pop(job, None)


def _account(session: Transaction, given: Call, moved: MoveResult, then: Consequences) -> None:
    """Account for the files of jobs that have moved."""
    is_back = [job for job, before in moved.before.items() if before in FROM_SITE]
    if given.verb == "reset" and is_back:
        file_reset.reset_files(session, is_back)
    if reported := [one for one in given.reported if one.pandaid in moved.jobs]:
        file_reports.store(session, reported, given.goal)
    if not given.settles:
        return
    if then.clones and given.verb in states.KILLS:
        clones.be_killed(session, then.clones)
    if not then.has_files:
        if given.end == "finished":
            task_totals.finish(session, then.counted_tasks)
        return
    if waited := file_accounting.settle(session, moved.before, given.end):
        moved.merged = _end_merged(session, waited, given)


def _conclude(session: Transaction, given: Call, moved: MoveResult, then: Consequences) -> None:
    """Note the traces of jobs that have ended, and end those that depend on them."""
    if then.measured:
        energy.measure(session, then.measured, given.verb)
    if then.dispatched:
        transfer_datasets.mark(session, then.dispatched)
    if then.timed and given.settles:
        queuing_periods.record(session, then.timed, given.end)
    if then.clones and given.verb in states.KILLS:
        others = clones.siblings(session, then.clones)
        moved.merged |= clones.close(session, others, given.host)
    if then.builds:
        moved.merged |= _end_waiting(session, then.builds, given)
    if then.controlled:
        ended = {job: moved.jobs[job] for job in then.controlled}
        moved.merged |= _follow(session, followers.end(session, ended), given)


def is_accounted(steps: Sequence[Transition]) -> bool:
    """Return whether steps to one goal have consequences for the files of the jobs."""
    leaves_transferring = any("transferring" in step.sources for step in steps)
    return steps[0].target in ACCOUNTED_STATES or leaves_transferring


def _end_merged(session: Transaction, waited: Sequence[int], given: Call) -> dict[int, str]:
    """End the jobs that waited for others to merge their outputs, with the state of those.

    Jobs with another output still to be merged go on waiting (semantics 2.8, 2.14).
    """
    ending = merge_jobs.ending(session, waited, given.end)
    then = Call(
        states.MERGED,
        states.transitions(states.MERGED, given.end),
        given.host,
        merge_jobs.values(given.end),
        Lock.WAIT,
    )
    return take(session, then, ending).jobs


def _end_waiting(session: Transaction, builds: Sequence[int], given: Call) -> dict[int, str]:
    """Cancel the jobs that have waited for libraries that these have failed to build."""
    waiting = library_jobs.waiting(session, builds)
    values = library_jobs.WITHOUT_LIBRARY
    then = Call("kill", states.transitions("kill"), given.host, values, given.lock)
    cancelled = take(session, then, waiting).jobs
    if cancelled:
        transfer_datasets.close_parts(session, [*cancelled])
    return cancelled


def _follow(session: Transaction, then: Followers, given: Call) -> dict[int, str]:
    """Let jobs go on that have waited for others to end, and end those that end with them.

    Returns those that have ended.
    """
    queued_jobs.go_on(session, then.ready, then.groups, host=given.host)
    if not then.closing:
        return {}
    close = Call("close", states.transitions("close"), given.host, {}, Lock.WAIT)
    closed = take(session, close, then.closing)
    return closed.jobs | closed.merged
