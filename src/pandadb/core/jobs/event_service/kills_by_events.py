"""Kills of consumers and of jobs that merge events, and of others with them: semantics 2.9."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.events import changes
from pandadb.core.events.kinds import WAITING_SITE, JobKind
from pandadb.core.events.special_handling import EVENT_SERVICE, EVENT_SERVICE_MERGE
from pandadb.core.jobs.calls import take
from pandadb.core.jobs.ending import unused_consumers
from pandadb.core.jobs.event_service import (
    consumer_ranges,
    given_jobs,
    jobset_locks,
    killed_siblings,
    related_jobs,
)
from pandadb.core.jobs.mover import MoveResult
from pandadb.core.jobs.refusals import explain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.jobs.calls import Call
    from pandadb.core.sql.transaction import Lock, Transaction

    Rows = Sequence[Mapping[str, Any]]

REPLACED_CODES = (105, 106, 107)
"""The `taskbuffererrorcode` of jobs that were replaced: their events are another job's."""
MARKING = ("cancelled", "failed")
"""Ends that let the outputs of events be deleted from their store."""


def end(session: Transaction, calls: Mapping[int, Call], lock: Lock) -> MoveResult:
    """Kill jobs, each by its call; the other consumers of their job sets end with them.

    The tasks, datasets and jobs are locked. Of the jobs of one job set the first is killed; another
    one may end with it, as one of its job set.
    """
    done = MoveResult()
    left = jobset_locks.lock(session, [*calls], lock)
    if busy := [*{*calls} - {*left}]:
        done.refused |= explain(session, calls[busy[0]].steps, busy)
    while left:
        rows = jobset_locks.read(session, left)
        batch = jobset_locks.first_of_each(rows)
        for call in {id(one): one for one in calls.values()}.values():
            if chosen := [job for job in batch if calls[job["pandaid"]] is call]:
                done.add(_end_batch(session, call, chosen))
        ended = {*given_jobs.ids(batch)}
        left = [row["pandaid"] for row in rows if row["pandaid"] not in ended]
    return done


def _end_batch(session: Transaction, call: Call, jobs: Rows) -> MoveResult:
    """Kill jobs of different job sets."""
    counted = [job for job in jobs if job["is_open"]]
    if call.goal in MARKING and counted:
        consumer_ranges.mark_outputs(session, counted, call.goal)
    told = [job for job in counted if job["taskbuffererrorcode"] not in REPLACED_CODES]
    consumers = [job for job in told if not _merges(job)]
    killed = _end_others(session, consumers, call.host) if consumers else {}
    done = take(session, call, given_jobs.ids(jobs))
    done.merged |= killed
    related_jobs.follow(session, told, call.goal)
    consumer_ranges.cancel_unused(session, consumers)
    jumbo = [job for job in consumers if job["eventservice"] == JobKind.JUMBO]
    changes.of_jobs(session, "release", given_jobs.event_jobs(jumbo))
    return done


def _end_others(session: Transaction, consumers: Rows, host: str) -> dict[int, str]:
    """End the other consumers: those with ranges of the same files, and those without any."""
    killed = killed_siblings.kill(session, consumers, host)
    placed = [job["pandaid"] for job in consumers if job["computingsite"] != WAITING_SITE]
    return killed | unused_consumers.close_all(session, placed, host, same_attempt=True)


def _merges(job: Mapping[str, Any]) -> bool:
    is_jumbo = job["eventservice"] in (JobKind.JUMBO, JobKind.CO_JUMBO)
    takes = given_jobs.has(job, EVENT_SERVICE) or is_jumbo
    return given_jobs.has(job, EVENT_SERVICE_MERGE) and not takes
