"""A step in the life of jobs, with all that follows from it for their task's files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from pandadb.core.jobs import states
from pandadb.core.jobs.calls import Call, is_accounted, take
from pandadb.core.jobs.ending import clones, semaphores
from pandadb.core.jobs.event_service import ends_by_events
from pandadb.core.jobs.files import file_reports
from pandadb.core.jobs.refusals import Refusal, RefusalReason
from pandadb.core.sql import validation
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.transaction import Lock
from pandadb.models import JobControl, JobsActive4

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.jobs.files.file_reports import Reports
    from pandadb.core.jobs.mover import MoveResult
    from pandadb.core.sql.transaction import Transaction

__all__ = ["advance", "is_accounted"]

CONTROL = JobControl.__table__.c
BY_QUEUE = ("throttle", "release", "reset")
"""Verbs that would take jobs from the hands of their group, or of the user who has paused them."""


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
    judged = verb in states.JUDGED_VERBS
    kept = _kept(session, pandaids) if verb in BY_QUEUE else {}
    free = [job for job in pandaids if job not in kept]
    moved = take(session, given, free, spares_events=judged)
    moved.refused |= kept
    if moved.refused and judged:
        _end_clones(session, given, moved)
    if moved.refused and judged:
        ends_by_events.end(session, given, moved)
    return moved


def _kept(session: Transaction, pandaids: Sequence[int]) -> dict[int, Refusal]:
    """Refuse jobs that wait by a rule of the job queue: their group, or their user, lets them go.

    Others that move such jobs leave it to a repair: see `queue.repair`.
    """
    rows = select(CONTROL.pandaid, CONTROL.group_key, CONTROL.held).where(
        is_among(CONTROL.pandaid, pandaids),
        or_(CONTROL.group_key.is_not(None), CONTROL.held),
    )
    words = {
        True: "Job {} is paused by its user: queue.resume lets it go on",
        False: "Job {} is of the group {!r}, which admits its jobs: change its limit"
        " by pandadb queue groups set, or pause the job",
    }
    return {
        job: Refusal(RefusalReason.GUARD, words[held].format(job, group))
        for job, group, held in session.execute(rows)
    }


def _end_clones(session: Transaction, given: Call, moved: MoveResult) -> None:
    """End the clones among jobs that have been left, each as its jobset lets it."""
    if given.verb == "finish":
        semaphores.claim_to_store(session, [*moved.refused])
    found = clones.decide(session, [*moved.refused])
    ending = [*found.winners, *found.lasts, *found.others]
    if not (ending or found.losers):
        return
    clones.win(session, [*found.winners, *found.lasts])
    ended = take(session, given, ending)
    closed = clones.close(session, found.losers, given.host, given.values)
    others = clones.siblings(session, found.winners) if found.winners else []
    moved.jobs |= ended.jobs | closed
    moved.before |= ended.before
    moved.merged |= ended.merged | clones.close(session, others, given.host)
    for job in [*moved.refused]:
        if job in moved.jobs or job in moved.merged:
            del moved.refused[job]
    moved.refused |= ended.refused
