"""Consumers end: their ranges are settled, and other jobs go on with the events; semantics 2.13."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pandadb.core.jobs.calls import take
from pandadb.core.jobs.creation import issued_ids
from pandadb.core.jobs.ending import unused_consumers
from pandadb.core.jobs.event_service import (
    consumer_ranges,
    end_marks,
    merge_sites,
    new_consumers,
    related_jobs,
)
from pandadb.core.jobs.event_service.consumer_outcomes import (
    JUDGED_CODES,
    MERGES,
    RETRIES,
    Ending,
    Tally,
    Verdict,
    ending,
    judge,
    shown,
)
from pandadb.core.jobs.event_service.end_marks import MARKS
from pandadb.core.jobs.event_service.new_consumers import NewConsumer
from pandadb.core.jobs.mover import MoveResult
from pandadb.core.jobs.states import CONSUMED, JUDGED_VERBS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pandadb.core.jobs.calls import Call
    from pandadb.core.sql.transaction import Transaction

    Queues = Mapping[str, Mapping[str, Any]]

NO_END = Ending("", None, None, None)
NOTHING = Tally(0, 0, False, False, 0, False, 0)
SETTLED = ("finished", "failed")
"""Ends of consumers with consequences for the files of their task."""


@dataclass
class Consumer:
    """A consumer that is about to end, with all that follows."""

    job: Mapping[str, Any]
    """Its columns, with those that the verb gives."""
    verdict: Verdict = Verdict.JUDGED
    tally: Tally = NOTHING
    new: NewConsumer | None = None
    """The job that goes on."""
    end: Ending = NO_END
    """The end that has consequences for the files of its task."""

    @property
    def pandaid(self) -> int:
        """Its PandaID."""
        return int(self.job["pandaid"])

    @property
    def queue(self) -> str:
        """The name of its queue."""
        return self.job["computingsite"] or ""


def end(session: Transaction, given: Call, jobs: Sequence[Mapping[str, Any]]) -> MoveResult:
    """End consumers of different job sets; all jobs of these are locked.

    `jobs` have all columns, with those that the verb gives.
    """
    consumer_ranges.lock(session, jobs)
    queues = merge_sites.configurations(session, (job["computingsite"] for job in jobs))
    consumers = [Consumer(job) for job in jobs]
    _judge(session, consumers)
    _draw(session, consumers, queues)
    for one in consumers:
        one.end = _ending(given, one)
    going_on = [one.new for one in consumers if one.new]
    have = new_consumers.belongings(session, [new.old["pandaid"] for new in going_on])
    merged = _end_others(session, consumers, given.host)
    done = _move(session, given, consumers, queues)
    done.merged |= merged
    new_consumers.make(session, going_on, have)
    done.follow = {new.old["pandaid"]: new.pandaid for new in going_on}
    return done


def _judge(session: Transaction, consumers: Iterable[Consumer]) -> None:
    """Settle the ranges of consumers, and judge these; those that were judged keep theirs."""
    fresh = [one for one in consumers if one.job["taskbuffererrorcode"] not in JUDGED_CODES]
    if fresh:
        tallies = consumer_ranges.settle(session, [one.job for one in fresh])
        for one in fresh:
            one.tally = tallies[one.pandaid]
            one.verdict = judge(one.job, one.tally)


def _draw(session: Transaction, consumers: Iterable[Consumer], queues: Queues) -> None:
    """Draw ids for the jobs that go on; a queue may take no new consumer."""
    going_on = [
        one
        for one in consumers
        if one.verdict in MERGES
        or (one.verdict in RETRIES and merge_sites.takes_consumers(queues.get(one.queue)))
    ]
    if not going_on:
        return
    pandaids, _, _ = issued_ids.draw(session, len(going_on), 0)
    for one, pandaid in zip(going_on, pandaids, strict=True):
        merges = one.verdict in MERGES
        is_partial = merges and one.tally.has_fatal
        one.new = NewConsumer(one.job, pandaid, merges, is_partial)


def _ending(given: Call, one: Consumer) -> Ending:
    """Return the end of a consumer that decides about the rest."""
    state, code, diag = (one.job[name] for name in MARKS)
    if one.verdict is Verdict.JUDGED:
        return Ending(given.goal, state, code, diag)
    found = ending(one.verdict, one.tally, has_new=one.new is not None)
    new = one.new.pandaid if one.new else ""
    return found._replace(
        jobsubstatus=found.jobsubstatus or state,
        taskbuffererrordiag=(found.taskbuffererrordiag or "").format(new=new),
    )


def _end_others(session: Transaction, consumers: Sequence[Consumer], host: str) -> dict[int, str]:
    """End the other consumers of job sets that are merged, and give up the events of failed ones.

    Returns the consumers that have ended, each with its state.
    """
    merged = [one.pandaid for one in consumers if one.verdict in MERGES]
    failed = [one.job for one in consumers if one.end.jobstatus == "failed"]
    if failed:
        consumer_ranges.cancel_unused(session, failed)
        related_jobs.follow(session, failed, "failed")
    return unused_consumers.close_all(session, merged, host, same_attempt=False)


def _move(
    session: Transaction, given: Call, consumers: Sequence[Consumer], queues: Queues
) -> MoveResult:
    """Move consumers, those together that end alike."""
    groups: dict[tuple[str, str], list[Consumer]] = defaultdict(list)
    marks = {}
    for one in consumers:
        is_preempted = merge_sites.is_preemptable(queues.get(one.queue))
        stored = shown(one.job, one.end, is_preempted=is_preempted)
        marks[one.pandaid] = stored[1:]
        groups[stored.jobstatus, one.end.jobstatus].append(one)
    end_marks.mark(session, marks)
    values = {name: value for name, value in given.values.items() if name not in MARKS}
    verb, done = CONSUMED[JUDGED_VERBS.index(given.verb)], MoveResult()
    for (state, decided), group in groups.items():
        settles = decided in SETTLED
        call = given.by(verb, state, values=values, accounted_as=decided, settles=settles)
        if settles:
            consumer_ranges.mark_outputs(session, [one.job for one in group], decided)
        done.add(take(session, call, [one.pandaid for one in group]))
    return done
