"""A step in the life of jobs, with all that follows from it for their task's files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pandadb.core.jobs import queuing_periods, states
from pandadb.core.jobs.ending import (
    clones,
    energy,
    library_jobs,
    merge_jobs,
    semaphores,
    transfer_datasets,
)
from pandadb.core.jobs.files import file_accounting, file_reports, file_reset, task_totals
from pandadb.core.jobs.files.file_accounting import ACCOUNTED_STATES
from pandadb.core.jobs.mover import move
from pandadb.core.jobs.refusals import explain
from pandadb.core.sql import validation
from pandadb.core.sql.transaction import Lock
from pandadb.models import JobsActive4

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.jobs.files.file_reports import FileValues, Reports
    from pandadb.core.jobs.mover import Consequences, MoveResult
    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.machine import Transition


@dataclass(frozen=True)
class Call:
    """A call of a verb: its steps to one goal, and what the caller gives."""

    verb: str
    steps: Sequence[Transition]
    host: str
    values: Mapping[str, Any]
    lock: Lock
    reported: Sequence[FileValues]

    @property
    def goal(self) -> str:
        """Return the state to which all steps lead."""
        return self.steps[0].target


FROM_SITE = ("activated",)
"""States in which a job has been set up for a site."""


def advance(
    session: Transaction,
    verb: str,
    pandaids: Sequence[int],
    *,
    host: str,
    target: str | None = None,
    values: Mapping[str, Any] | None = None,
    lock: Lock = Lock.WAIT,
    files: Reports | None = None,
) -> MoveResult:
    """Take jobs through a verb; a heartbeat, which leads to several states, needs its target.

    `files` is the report on the files of the jobs that move: see `file_reports`. Locks are taken in
    the order tasks, datasets, jobs. With SKIP a job stays where it is, too, if somebody else has a
    dataset of it.

    Raises:
        UnknownVerb: There is no such verb, or it does not lead to the target.
        InvalidValue: A value does not fit its column, or is the verb's to set; or the report is
            malformed.
        JobsLocked: See `move`.
    """
    reported = file_reports.check_report(files, pandaids, verb)
    steps = states.transitions(verb, target)
    validation.check_columns(JobsActive4, values or {})
    validation.check_given(values or (), states.SET_BY_MOVER, "the verb")
    given = Call(verb, steps, host, values or {}, lock, reported)
    moved = _take(session, given, pandaids, spares_clones=verb in clones.JUDGED_VERBS)
    if moved.refused and verb in clones.JUDGED_VERBS:
        _end_clones(session, given, moved)
    return moved


def _take(
    session: Transaction, given: Call, pandaids: Sequence[int], *, spares_clones: bool = False
) -> MoveResult:
    """Take jobs through the steps of a verb, and see to what follows for files and other jobs."""
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
        spares_clones=spares_clones,
    )
    if busy := [*{*pandaids} - {*free}]:
        moved.refused |= explain(session, steps, busy)
    _account(session, given, moved, then)
    _conclude(session, given, moved, then)
    for job in moved.merged:
        moved.refused.pop(job, None)
    return moved


def _account(session: Transaction, given: Call, moved: MoveResult, then: Consequences) -> None:
    """Account for the files of jobs that have moved."""
    is_back = [job for job, before in moved.before.items() if before in FROM_SITE]
    if given.verb == "reset" and is_back:
        file_reset.reset_files(session, is_back)
    if reported := [one for one in given.reported if one.pandaid in moved.jobs]:
        file_reports.store(session, reported, given.goal)
    if not then.has_files:
        if given.goal == "finished":
            task_totals.finish(session, then.counted_tasks)
        return
    if waited := file_accounting.settle(session, moved.before, given.goal):
        moved.merged = _end_merged(session, waited, given.goal, given.host)


def _conclude(session: Transaction, given: Call, moved: MoveResult, then: Consequences) -> None:
    """Note what jobs that have ended leave, and end those that depend on them."""
    if then.measured:
        energy.measure(session, then.measured, given.verb)
    if then.dispatched:
        transfer_datasets.mark(session, then.dispatched)
    if then.timed:
        queuing_periods.record(session, then.timed, given.goal)
    if then.clones and given.verb in states.KILLS:
        others = clones.siblings(session, then.clones)
        moved.merged |= clones.close(session, others, given.host)
    if then.builds:
        moved.merged |= _end_waiting(session, then.builds, given.host, given.lock)


def _end_clones(session: Transaction, given: Call, moved: MoveResult) -> None:
    """End the clones among jobs that have been left, each as its jobset lets it."""
    if given.verb == "finish":
        semaphores.claim_to_store(session, [*moved.refused])
    found = clones.decide(session, [*moved.refused])
    if found.winners:
        clones.win(session, found.winners)
    ended = _take(session, given, [*found.winners, *found.others])
    closed = clones.close(session, found.losers, given.host, given.values)
    others = clones.siblings(session, found.winners) if found.winners else []
    moved.jobs |= ended.jobs | closed
    moved.before |= ended.before
    moved.merged |= ended.merged | clones.close(session, others, given.host)
    for job in [*moved.refused]:
        if job in moved.jobs or job in moved.merged:
            del moved.refused[job]
    moved.refused |= ended.refused


def is_accounted(steps: Sequence[Transition]) -> bool:
    """Return whether steps to one goal have consequences for the files of the jobs."""
    leaves_transferring = any("transferring" in step.sources for step in steps)
    return steps[0].target in ACCOUNTED_STATES or leaves_transferring


def _end_merged(
    session: Transaction, waited: Sequence[int], goal: str, host: str
) -> dict[int, str]:
    """End the jobs that waited for others to merge their outputs, with the state of those.

    Jobs with another output still to be merged go on waiting (semantics 2.8, 2.14).
    """
    ending = merge_jobs.ending(session, waited, goal)
    values = merge_jobs.values(goal)
    return advance(session, states.MERGED, ending, host=host, target=goal, values=values).jobs


def _end_waiting(
    session: Transaction, builds: Sequence[int], host: str, lock: Lock
) -> dict[int, str]:
    """Cancel the jobs that have waited for libraries that these have failed to build."""
    waiting = library_jobs.waiting(session, builds)
    values = library_jobs.WITHOUT_LIBRARY
    cancelled = advance(session, "kill", waiting, host=host, values=values, lock=lock).jobs
    if cancelled:
        transfer_datasets.close_parts(session, [*cancelled])
    return cancelled
