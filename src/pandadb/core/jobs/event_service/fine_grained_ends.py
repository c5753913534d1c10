"""Fine-grained jobs end by the ranges of events that they have done; semantics 2.13, 2.14."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select

from pandadb.core.events import changes
from pandadb.core.events.states import EventStatus
from pandadb.core.jobs.calls import take
from pandadb.core.jobs.event_service import consumer_ranges, end_marks, given_jobs
from pandadb.core.jobs.event_service.end_marks import MARKS
from pandadb.core.jobs.files.file_status import ALL_DONE
from pandadb.core.jobs.mover import MoveResult
from pandadb.core.jobs.states import CONSUMED, JUDGED_VERBS
from pandadb.models import JediEvents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Select

    from pandadb.core.jobs.calls import Call
    from pandadb.core.sql.transaction import Transaction

    Rows = Sequence[Mapping[str, Any]]

EVENT = JediEvents.__table__.c
PARTIAL, STUMBLE = "fg_partial", "fg_stumble"


def end(session: Transaction, given: Call, jobs: Rows) -> MoveResult:
    """End fine-grained jobs of different job sets: some ranges done, or none left, are a success.

    Ranges that are not finished may be taken again. Their files are used up if none is left.
    """
    consumer_ranges.lock(session, jobs)
    changes.of_jobs(session, "release segment", given_jobs.event_jobs(jobs))
    goals: dict[str, list[int]] = {}
    marks = {}
    found = {row.pandaid: row for row in session.execute(_left(), given_jobs.parameters(jobs))}
    for job in jobs:
        row = found[job["pandaid"]]
        succeeds = bool(row.done or not row.left)
        substatus = (PARTIAL if row.left else ALL_DONE) if succeeds else STUMBLE
        marks[job["pandaid"]] = (substatus, *(job[name] for name in MARKS[1:]))
        goal = "finished" if succeeds else given.goal
        goals.setdefault(goal, []).append(job["pandaid"])
    end_marks.mark(session, marks)
    values = {name: value for name, value in given.values.items() if name not in MARKS}
    verb, done = CONSUMED[JUDGED_VERBS.index(given.verb)], MoveResult()
    for goal, pandaids in goals.items():
        done.add(take(session, given.by(verb, goal, values=values), pandaids))
    return done


@cache
def _left() -> Select[Any]:
    given = given_jobs.table()
    is_done = and_(EVENT.pandaid == given.c.pandaid, EVENT.status == EventStatus.FINISHED)
    of_task = EVENT.jeditaskid == given.c.jeditaskid
    counts = (
        select(func.count()).select_from(EVENT.pandaid.table).where(of_task, one).scalar_subquery()
        for one in (is_done, EVENT.pandaid == given.c.jobsetid)
    )
    done, left = counts
    return select(given.c.pandaid, done.label("done"), left.label("left")).select_from(given)
