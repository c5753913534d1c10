"""The mover: what moves, what it changes, what it leaves alone, and what it says of the rest."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, insert, literal, select, text

from pandadb.core.jobs import states
from pandadb.core.jobs.mover import MoveResult, move
from pandadb.core.jobs.refusals import JobsLocked, RefusalReason
from pandadb.core.jobs.states import TRANSITIONS, transitions
from pandadb.core.sql.transaction import Lock
from pandadb.core.statemachine.machine import Transition
from pandadb.models import (
    FilesTable4,
    JobParamsTable,
    JobsActive4,
    JobsDefined4,
    JobsStatusLog,
    MetaTable,
)
from pandadb.models.jobs.all_tables import JOB_TABLES
from tests.factories import make_job, make_satellites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from pandadb.database import Database

NEVER = datetime(1970, 1, 1)


def take(
    session: Session, verb: str, jobs: Any, target: str | None = None, **more: Any
) -> MoveResult:
    return move(session, transitions(verb, target), jobs, host="here", **more)[0]


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


@pytest.mark.parametrize("verb", dict.fromkeys(step.verb for step in TRANSITIONS))
def test_every_transition_goes_from_each_of_its_states_and_changes_nothing_else(
    session: Session, verb: str, subtests: pytest.Subtests
) -> None:
    for step in TRANSITIONS:
        for source in step.sources if step.verb == verb else ():
            with subtests.test(f"{source} -> {step.target}"):
                changes_nothing_else(session, step, source)
            session.rollback()


def changes_nothing_else(session: Session, step: Transition, source: str) -> None:
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

    done, _ = move(session, [step], [pandaid], host="worker-1")

    after = job(session, pandaid)
    assert done == MoveResult({pandaid: step.target}, before={pandaid: source})
    assert after["jobstatus"] == step.target
    assert after["table"] == states.destination(step).__tablename__
    assert abs(after["modificationtime"] - datetime.now(UTC).replace(tzinfo=None)).seconds < 60
    named = {"table", "jobstatus", "modificationtime", "statechangetime"}
    named |= {"modificationhost"} if step.verb in ("dispatch", "heartbeat", "reset") else set()
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= named | {*step.effects}
    assert log(session, pandaid) == ([] if source == step.target else [step.target])
    assert {*session.scalars(select(JobsStatusLog.modificationhost))} <= {"worker-1"}


def test_the_node_of_a_job_is_known_after_its_end(session: Session) -> None:
    pandaid = make_job(session, "running", modificationhost="node")

    for verb in ("hold", "transfer", "finish"):
        take(session, verb, [pandaid])

    assert job(session, pandaid)["modificationhost"] == "node"
    assert {*session.scalars(select(JobsStatusLog.modificationhost))} == {"here"}


def step_table(step: Transition, source: str) -> Any:
    """Return the live table that holds the state."""
    return next(t for t in states.STATES[source].tables if t.__tablename__ != "jobsarchived4")


@pytest.mark.parametrize(
    ("verb", "output"), [("finish", "unknown"), ("fail", "failed"), ("kill hard", "failed")]
)
def test_what_belongs_to_a_job_that_ends_gets_its_time(
    session: Session, verb: str, output: str
) -> None:
    pandaid = make_job(session, "running")
    other = make_job(session, "running")
    for owner in (pandaid, other):
        make_satellites(session, owner)

    take(session, verb, [pandaid])

    ended = job(session, pandaid)["modificationtime"]
    for table in (FilesTable4, MetaTable, JobParamsTable):
        for owner, time in ((pandaid, ended), (other, NEVER)):
            times = select(table.modificationtime).where(table.pandaid == owner)
            assert {*session.scalars(times)} == {time}
    files = select(FilesTable4.type, FilesTable4.status).where(FilesTable4.pandaid == pandaid)
    assert dict(session.execute(files).all()) == {
        "input": "unknown",
        "output": output,
        "log": output,
    }


def test_a_step_that_ends_nothing_leaves_what_belongs_to_the_job(session: Session) -> None:
    pandaid = make_job(session, "defined")
    make_satellites(session, pandaid)

    take(session, "activate", [pandaid])

    assert {*session.scalars(select(FilesTable4.modificationtime))} == {NEVER}


@pytest.mark.parametrize("unset", [None, NEVER])
def test_a_time_that_is_set_stays_and_one_that_is_not_is_now(
    session: Session, unset: datetime | None
) -> None:
    then = datetime(2026, 1, 1)
    ended = make_job(session, "holding", endtime=then)
    not_ended = make_job(session, "holding", endtime=unset)

    take(session, "finish", [ended, not_ended])

    assert job(session, ended)["endtime"] == then
    assert job(session, not_ended)["endtime"] == job(session, not_ended)["modificationtime"]


def test_values_of_the_caller_are_set_and_win_over_the_transitions(session: Session) -> None:
    then = datetime(2026, 1, 1)
    pandaid = make_job(session, "running")

    take(session, "fail", [pandaid], values={"piloterrorcode": 1305, "endtime": then})

    failed = job(session, pandaid)
    assert (failed["piloterrorcode"], failed["endtime"]) == (1305, then)


def test_only_a_production_job_that_is_not_bound_loses_its_site(session: Session) -> None:
    free = make_job(session, "activated", computingsite="A", prodsourcelabel="managed")
    bound = make_job(session, "activated", computingsite="A", relocationflag=2)
    users = make_job(session, "activated", computingsite="A", prodsourcelabel="user")

    take(session, "reset", [free, bound, users])

    assert [job(session, one)["computingsite"] for one in (free, bound, users)] == [None, "A", "A"]
    assert job(session, free)["currentpriority"] == 100


def test_waiting_jobs_go_where_the_setting_says(session: Session) -> None:
    pandaid = make_job(session, "defined")
    session.connection().execution_options(waiting_table="jobsdefined4")

    take(session, "wait", [pandaid])

    assert job(session, pandaid)["table"] == "jobsdefined4"


def test_a_condition_chooses_the_jobs_of_every_table(session: Session) -> None:
    chosen = [make_job(session, state, jeditaskid=5) for state in ("defined", "waiting", "sent")]
    other = make_job(session, "defined", jeditaskid=6)

    done = take(session, "kill", lambda table: table.jeditaskid == 5)

    assert done.before == dict(zip(chosen, ("defined", "waiting", "sent"), strict=True))
    assert job(session, other)["jobstatus"] == "defined"


def test_each_job_that_stays_says_why(session: Session) -> None:
    finished = make_job(session, "finished")
    running = make_job(session, "running")
    killed = make_job(session, "defined", commandtopilot="tobekilled")
    there = make_job(session, "activated")
    archived = make_job(session, "failed")
    good = make_job(session, "assigned")

    done = take(session, "activate", [finished, running, killed, there, archived, 5, good, good])

    assert done.jobs == {good: "activated"}
    said = {one: (no.reason, no.sentence.split(" ", 2)[2]) for one, no in done.refused.items()}
    assert said == {
        finished: (RefusalReason.STATE, "is finished, which activate is not for: it has ended"),
        running: (
            RefusalReason.STATE,
            "is running, which activate is not for: from there heartbeat, hold, transfer, merge,"
            " finish, fail, kill hard, close hard",
        ),
        killed: (RefusalReason.GUARD, "is defined but it is to be killed"),
        there: (RefusalReason.THERE, "is activated already"),
        archived: (RefusalReason.STATE, "is failed, which activate is not for: it has ended"),
        5: (RefusalReason.UNKNOWN, "is unknown: no table has it"),
    }


def test_nothing_is_asked_of_nobody(session: Session) -> None:
    assert take(session, "activate", []) == MoveResult()


@pytest.fixture
def locked(database: Database) -> Iterator[tuple[int, int]]:
    """Two jobs, of which somebody else has locked the first."""
    with database.session() as session:
        jobs = (make_job(session, "defined"), make_job(session, "defined"))
    with database.session() as other:
        mine = select(JobsDefined4.pandaid).where(JobsDefined4.pandaid == jobs[0])
        other.execute(mine.with_for_update())
        yield jobs


def test_skip_leaves_what_somebody_else_has(database: Database, locked: tuple[int, int]) -> None:
    with database.session() as session:
        done = take(session, "activate", locked, lock=Lock.SKIP)

    assert done.jobs == {locked[1]: "activated"}
    assert done.refused[locked[0]].reason is RefusalReason.LOCKED


def test_nowait_and_an_end_of_patience_refuse_everything(
    database: Database, locked: tuple[int, int]
) -> None:
    with database.session() as session, pytest.raises(JobsLocked):
        take(session, "activate", locked, lock=Lock.NOWAIT)
    with database.session() as session:
        session.execute(text("SET LOCAL lock_timeout = '100ms'"))
        with pytest.raises(JobsLocked):
            take(session, "activate", locked)
        session.rollback()
    with database.session() as session:
        assert job(session, locked[1])["jobstatus"] == "defined"


def test_a_move_that_has_waited_is_later_than_what_it_waited_for(database: Database) -> None:
    with database.session() as session:
        pandaid = make_job(session, "running")

    def finish() -> None:
        with database.session() as session:
            assert take(session, "finish", [pandaid]).before == {pandaid: "transferring"}

    with ThreadPoolExecutor(1) as pool:
        with database.session() as first:
            take(first, "heartbeat", [pandaid], "running")
            waiting = pool.submit(finish)
            while not first.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                assert not waiting.done()
            take(first, "transfer", [pandaid])
        waiting.result()
    with database.session() as session:
        assert log(session, pandaid) == ["transferring", "finished"]


@pytest.mark.slow
def test_eight_movers_of_the_same_jobs_move_each_once(database: Database) -> None:
    with database.session() as session:
        session.execute(
            insert(JobsDefined4).from_select(
                ["pandaid", "jobstatus"],
                select(func.generate_series(1, 10_000), literal("defined")),
            )
        )
    jobs = [*range(1, 10_001)]

    def mover(seed: int) -> list[int]:
        mine = random.Random(seed).sample(jobs, len(jobs))
        moved: list[int] = []
        for start in range(0, len(jobs), 1000):
            with database.session() as session:
                moved += take(session, "activate", mine[start : start + 1000]).jobs
        return moved

    with ThreadPoolExecutor(8) as pool:
        moved = [one for done in pool.map(mover, range(8)) for one in done]

    assert sorted(moved) == jobs
    with database.session() as session:
        assert session.scalar(select(func.count(JobsActive4.pandaid))) == 10_000
        assert session.scalar(select(func.count()).select_from(JobsStatusLog)) == 10_000
        assert session.scalar(select(func.count(JobsDefined4.pandaid))) == 0


def test_jobs_are_found_in_each_of_their_tables_and_refused_once(session: Session) -> None:
    places = [(1, "defined"), (2, "running"), (3, "waiting"), (4, "finished")]
    for pandaid, state in places:
        session.add(states.home(state)(pandaid=pandaid, jobstatus=state, modificationtime=NEVER))
    session.flush()

    done = take(session, "close", [4, 3, 2, 1])

    assert done.before == {1: "defined", 3: "waiting"}
    assert sorted(done.refused) == [2, 4]


@pytest.mark.parametrize(("before", "held"), [(None, 3), (0, 3), (1, 3), (2, 2)])
def test_a_job_that_is_held_back_says_so_and_one_that_is_bound_stays_so(
    session: Session, before: int | None, held: int
) -> None:
    pandaid = make_job(session, "activated", relocationflag=before)

    take(session, "throttle", [pandaid])
    assert job(session, pandaid)["relocationflag"] == held

    take(session, "release", [pandaid])
    assert job(session, pandaid)["relocationflag"] == (1 if held == 3 else before)
