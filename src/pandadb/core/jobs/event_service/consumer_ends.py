"""Consumers end: their ranges are settled, and other jobs go on with the events; semantics 2.13."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from pandadb.core.jobs.calls import take
from pandadb.core.jobs.creation import submission
from pandadb.core.jobs.event_service import (
    consumer_ranges,
    end_marks,
    given_jobs,
    merge_sites,
    new_consumers,
    related_jobs,
    sibling_ends,
)
from pandadb.core.jobs.event_service.consumer_outcomes import (
    JUDGED_CODES,
    KEEPS_EVENTS,
    MERGES,
    RETRIES,
    Ending,
    Tally,
    Verdict,
    ending,
    has_tag,
    judge,
    shown,
)
from pandadb.core.jobs.event_service.end_marks import MARKS
from pandadb.core.jobs.event_service.new_consumers import NewConsumer
from pandadb.core.jobs.mover import MoveResult
from pandadb.core.jobs.states import CONSUMED, JUDGED_VERBS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.jobs.calls import Call
    from pandadb.core.sql.transaction import Transaction

    Rows = Sequence[Mapping[str, Any]]

NOTHING = Tally(0, 0, False, False, 0, False, 0)
SETTLED = ("finished", "failed")
"""Ends of consumers by which the files of their task are accounted for."""


def end(session: Transaction, given: Call, jobs: Rows) -> MoveResult:
    """End consumers of different job sets, which are locked with all jobs of these.

    `jobs` have all columns, with those that the verb gives.
    """
    consumer_ranges.lock(session, jobs)
    queues = merge_sites.configurations(session, (job["computingsite"] for job in jobs))
    verdicts, tallies = _judged(session, jobs)
    new = _drawn(session, jobs, verdicts, tallies, queues)
    ends = {
        job["pandaid"]: _ending(given, job, verdicts, tallies, has_new=job["pandaid"] in new)
        for job in jobs
    }
    stored = {}
    for job in jobs:
        queue = queues.get(job["computingsite"])
        is_preempted = merge_sites.is_preemptable(queue)
        stored[job["pandaid"]] = shown(job, ends[job["pandaid"]], is_preempted=is_preempted)
    have = new_consumers.belongings(session, [*new])
    merged = _end_others(session, given, jobs, verdicts, ends)
    done = _move(session, given, jobs, ends, stored, new)
    done.merged |= merged
    made = [one for one in new.values() if one.old["pandaid"] in done.jobs]
    if made:
        new_consumers.make(session, made, have)
        done.follow = {one.old["pandaid"]: one.pandaid for one in made}
    return done


def _judged(session: Transaction, jobs: Rows) -> tuple[dict[int, Verdict], dict[int, Tally]]:
    """Settle the ranges of consumers, and judge these; those that were judged keep theirs."""
    fresh = [job for job in jobs if job["taskbuffererrorcode"] not in JUDGED_CODES]
    verdicts = dict.fromkeys(given_jobs.ids(jobs), Verdict.JUDGED)
    tallies = dict.fromkeys(given_jobs.ids(jobs), NOTHING)
    if fresh:
        done = consumer_ranges.put_back(session, fresh)
        tallies |= consumer_ranges.tallies(session, fresh, done)
        verdicts |= {job["pandaid"]: judge(job, tallies[job["pandaid"]]) for job in fresh}
    return verdicts, tallies


def _drawn(
    session: Transaction,
    jobs: Rows,
    verdicts: Mapping[int, Verdict],
    tallies: Mapping[int, Tally],
    queues: Mapping[str, Mapping[str, Any]],
) -> dict[int, NewConsumer]:
    """Draw ids for the jobs that go on; a queue may take no new consumer."""
    going_on = [
        job
        for job in jobs
        if verdicts[job["pandaid"]] in MERGES
        or (
            verdicts[job["pandaid"]] in RETRIES
            and merge_sites.takes_consumers(queues.get(job["computingsite"]))
        )
    ]
    if not going_on:
        return {}
    pandaids, _, _ = submission.draw(session, len(going_on), 0)
    new = {}
    for job, pandaid in zip(going_on, pandaids, strict=True):
        merges = verdicts[job["pandaid"]] in MERGES
        is_partial = merges and tallies[job["pandaid"]].has_fatal
        new[job["pandaid"]] = NewConsumer(job, pandaid, merges, is_partial)
    return new


def _ending(
    given: Call,
    job: Mapping[str, Any],
    verdicts: Mapping[int, Verdict],
    tallies: Mapping[int, Tally],
    *,
    has_new: bool,
) -> Ending:
    """Return the end of a consumer by which the rest is decided."""
    verdict = verdicts[job["pandaid"]]
    kept = Ending(given.goal, *(job[name] for name in MARKS))
    if verdict is Verdict.JUDGED:
        return kept
    found = ending(verdict, tallies[job["pandaid"]], has_new=has_new)
    return Ending(*(old if new is None else new for old, new in zip(kept, found, strict=True)))


def _end_others(
    session: Transaction,
    given: Call,
    jobs: Rows,
    verdicts: Mapping[int, Verdict],
    ends: Mapping[int, Ending],
) -> dict[int, str]:
    """End the other consumers of job sets that are merged, and give up the events of failed ones.

    Returns the consumers that have ended, each with its state.
    """
    merged = [job for job in jobs if verdicts[job["pandaid"]] in MERGES]
    failed = [job for job in jobs if ends[job["pandaid"]].jobstatus == "failed"]
    closed: dict[int, str] = {}
    if merged:
        closed = sibling_ends.close_unused(session, merged, given.host, same_attempt=False)
    if failed:
        if lost := [job for job in failed if not has_tag(job, KEEPS_EVENTS)]:
            consumer_ranges.cancel_unused(session, lost)
        related_jobs.follow(session, failed, "failed")
    return closed


def _move(
    session: Transaction,
    given: Call,
    jobs: Rows,
    ends: Mapping[int, Ending],
    stored: Mapping[int, Ending],
    new: Mapping[int, NewConsumer],
) -> MoveResult:
    """Move consumers, those together that end alike."""
    marks = {}
    for pandaid, one in stored.items():
        diag = one.taskbuffererrordiag
        if diag and pandaid in new:
            diag = diag.format(new=new[pandaid].pandaid)
        marks[pandaid] = (one.jobsubstatus, one.taskbuffererrorcode, diag)
    end_marks.mark(session, marks)
    values = {name: value for name, value in given.values.items() if name not in MARKS}
    groups = defaultdict(list)
    for job in jobs:
        groups[stored[job["pandaid"]].jobstatus, ends[job["pandaid"]].jobstatus].append(job)
    verb = CONSUMED[JUDGED_VERBS.index(given.verb)]
    done = MoveResult()
    for (state, decided), group in groups.items():
        settles = decided in SETTLED
        call = given.by(verb, state, values=values, accounted_as=decided, settles=settles)
        if settles:
            consumer_ranges.mark_outputs(session, group, decided)
        done.add(take(session, call, given_jobs.ids(group)))
    return done
