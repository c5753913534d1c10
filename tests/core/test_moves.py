"""The mover: what moves, what it changes, what it leaves alone, and what it says of the rest."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from pandadb.core import states
from pandadb.core.moves import Moved, move
from pandadb.core.states import TRANSITIONS, Transition, transitions
from pandadb.core.tables import JOB_TABLES
from pandadb.models import JobsStatusLog

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


NEVER = datetime(1970, 1, 1)


def take(session: Session, verb: str, jobs: Any, target: str | None = None, **more: Any) -> Moved:
    return move(session, transitions(verb, target), jobs, host="here", **more)


def job(session: Session, pandaid: int) -> dict[str, Any]:
    """Return the one row of a job, with its table."""
    rows = [
        {"table": table.__tablename__, **row}
        for table in JOB_TABLES
        for row in session.execute(
            select(table.__table__).where(table.pandaid == pandaid)
        ).mappings()
    ]
    assert len(rows) == 1
    return rows[0]


def log(session: Session, pandaid: int) -> list[str]:
    query = select(JobsStatusLog.jobstatus).where(JobsStatusLog.pandaid == pandaid)
    return [*session.scalars(query.order_by(JobsStatusLog.modificationtime))]


STEPS = [
    pytest.param(step, source, id=f"{step.verb}-{source}-{step.target}")
    for step in TRANSITIONS
    for source in step.sources
]


@pytest.mark.parametrize(("step", "source"), STEPS)
def test_every_transition_goes_from_each_of_its_states_and_changes_nothing_else(
    session: Session, step: Transition, source: str
) -> None:
    table = step_table(step, source)
    pandaid = 77
    session.add(
        table(
            pandaid=pandaid, jobstatus=source, meancorecount=7.5, jobdispatchererrordiag="x",
            computingsite="CERN", currentpriority=50, attemptnr=2,
        )
    )  # fmt: skip
    session.flush()
    before = job(session, pandaid)

    done = move(session, [step], [pandaid], host="worker-1")

    after = job(session, pandaid)
    assert done == Moved({pandaid: source}, {})
    assert after["jobstatus"] == step.target
    assert after["table"] == states.home(step.target).__tablename__
    assert abs(after["modificationtime"] - datetime.now(UTC).replace(tzinfo=None)).seconds < 60
    named = {"table", "jobstatus", "modificationtime", "modificationhost", "statechangetime"}
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= named | {*step.effects}
    assert log(session, pandaid) == ([] if source == step.target else [step.target])


def step_table(step: Transition, source: str) -> Any:
    """Return the live table that holds the state."""
    return next(t for t in states.STATES[source].tables if t.__tablename__ != "jobsarchived4")


def test_jobs_are_found_in_each_of_their_tables_and_refused_once(session: Session) -> None:
    places = [(1, "defined"), (2, "running"), (3, "waiting"), (4, "finished")]
    for pandaid, state in places:
        session.add(states.home(state)(pandaid=pandaid, jobstatus=state, modificationtime=NEVER))
    session.flush()

    done = take(session, "close", [4, 3, 2, 1])

    assert done.jobs == {1: "defined", 3: "waiting"}
    assert sorted(done.refused) == [2, 4]
