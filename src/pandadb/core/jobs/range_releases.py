"""Ranges of events that jobs have and will not process: they go back; semantics 2.13.

Ranges of consumers and jumbo jobs go back to their job sets, with an attempt less; samples of
hyperparameters to none; those of fine-grained jobs to their job sets, for free.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core.events import changes
from pandadb.core.events.changes import EventJob
from pandadb.core.events.kinds import JobKind
from pandadb.core.events.refusals import RangeRefusal, RangeRefusalReason
from pandadb.core.events.special_handling import Flag, has
from pandadb.core.events.takes import job_locks
from pandadb.core.jobs.search import lookup
from pandadb.core.jobs.states import STATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import JobTable

COLUMNS = ("pandaid", "jobstatus", "jeditaskid", "jobsetid", "eventservice", "specialhandling")


@dataclass
class ReleasedRanges:
    """The ranges that have gone back."""

    jobs: dict[int, dict[str, int]] = field(default_factory=dict)
    """Numbers of ranges by PandaID and new state; none for a job that had none to give back."""
    refused: dict[int, RangeRefusal] = field(default_factory=dict)


def release(session: Transaction, pandaids: Sequence[int], *, live: bool = False) -> ReleasedRanges:
    """Take from jobs the ranges that they have not processed; it is idempotent.

    Jobs that live are refused, unless `live`: they may still process them. Their reports on ranges
    that they have no more are refused then.
    """
    done = ReleasedRanges()
    job_locks.lock_jobs(session, sorted(pandaids))
    found = lookup.rows(session, pandaids, _looked_up)
    verbs: defaultdict[str, list[EventJob]] = defaultdict(list)
    for pandaid in pandaids:
        row = found.get(pandaid)
        if refusal := _refusal(pandaid, row, live):
            done.refused[pandaid] = refusal
        elif row:
            done.jobs[pandaid] = {}
            verbs[_verb(row)].append(_job(row))
    for verb, jobs in sorted(verbs.items()):
        for pandaid, states in changes.of_jobs(session, verb, jobs).items():
            done.jobs[pandaid] = {status.word: number for status, number in states.items()}
    return done


def _looked_up(job: JobTable) -> Select[*tuple[Any, ...]]:
    return select(*(job.__table__.c[name] for name in COLUMNS))


def _refusal(pandaid: int, row: Any, live: bool) -> RangeRefusal | None:
    if row is None:
        return RangeRefusal(RangeRefusalReason.UNKNOWN, f"Job {pandaid} is unknown")
    if row.jeditaskid is None:
        sentence = f"Job {pandaid} is of no task"
        return RangeRefusal(RangeRefusalReason.NO_JOB_SET, sentence)
    if not live and not STATES[row.jobstatus].final and row.jobstatus != "merging":
        sentence = f"Job {pandaid} is {row.jobstatus}: it may still process its ranges"
        return RangeRefusal(RangeRefusalReason.STATE, sentence)
    return None


def _verb(row: Any) -> str:
    if has(row.specialhandling, Flag.SAMPLES):
        return "release samples"
    return "release segment" if row.eventservice == JobKind.FINE_GRAINED else "release"


def _job(row: Any) -> EventJob:
    is_free = has(row.specialhandling, Flag.FREE_UNLESS_FAILED)
    return EventJob(row.jeditaskid, row.pandaid, row.jobsetid, is_free)
