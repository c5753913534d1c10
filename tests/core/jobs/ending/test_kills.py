"""Kills: what each code makes of a job, who is only told to end, and what is said of the rest."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select, text
from sqlalchemy.orm import Session

from pandadb.core.jobs import advances
from pandadb.core.jobs.ending import kills
from pandadb.core.jobs.ending.kills import CODES, KillResult, UnknownCode
from pandadb.core.jobs.refusals import JobsLocked, RefusalReason, Refused
from pandadb.core.jobs.states import STATES, STOPPABLE, transitions
from pandadb.core.sql import validation
from pandadb.core.sql.transaction import Lock
from pandadb.database import Database
from pandadb.models import FilesTable4, JobsActive4, JobsArchived4, JobsStatusLog
from pandadb.models.types import EPOCH
from pandadb.services import jobs
from pandadb.services.jobs import VerbOptions
from tests.factories import PANDAIDS, make_job, make_satellites

SINCE = datetime(2026, 11, 1, 12, 30)
ENDS = {
    2: ("closed", "toreassign", 102, "Expired: activated since 2026-11-01 12:30:00"),
    3: ("cancelled", "x", 103, "Aborted from outside of PanDA"),
    4: ("closed", "toreassign", 102, "Expired: activated since 2026-11-01 12:30:00"),
    7: ("cancelled", "x", 100, "Killed by ann"),
    8: ("cancelled", "x", 105, "The brokerage has found another site"),
    9: ("cancelled", "x", 100, "Killed by ann"),
    10: ("closed", "x", 130, "Too many jobs wait at its site: another is looked for"),
    50: ("cancelled", "x", 100, "ann"),
    51: ("closed", "toreassign", 100, "JEDI looks for another site"),
    52: ("cancelled", "x", 100, "ann"),
    55: ("closed", "taskdone", 100, "Its task is done, or nearly"),
    60: ("closed", "x", 100, "Closed by its pilot"),
    91: ("cancelled", "x", 100, "Killed by ann"),
    99: ("cancelled", "x", 100, "Killed by ann"),
}


def kill(
    session: Session, *pandaids: int, code: int = 9, by: str = "ann", **more: Any
) -> KillResult:
    done = kills.kill(session, pandaids, code=code, by=by, host="here", **more)
    session.expire_all()
    return done


def active(session: Session, pandaid: int) -> JobsActive4:
    return session.scalars(select(JobsActive4).where(JobsActive4.pandaid == pandaid)).one()


def make_failed(session: Session, **columns: Any) -> int:
    """Make a job that has failed and is still where the live ones are."""
    pandaid = next(PANDAIDS)
    session.add(JobsActive4(pandaid=pandaid, jobstatus="failed", **columns))
    session.flush()
    return pandaid


def archived(session: Session, pandaid: int) -> JobsArchived4:
    return session.scalars(select(JobsArchived4).where(JobsArchived4.pandaid == pandaid)).one()


def test_every_code_is_tried() -> None:
    assert [*CODES] == [*ENDS]


@pytest.mark.parametrize("code", CODES)
def test_a_code_gives_its_state_its_error_and_its_reason(session: Session, code: int) -> None:
    pandaid = make_job(session, "activated", statechangetime=SINCE, jobsubstatus="x")
    make_satellites(session, pandaid)

    done = kill(session, pandaid, code=code)

    job = archived(session, pandaid)
    found = (job.jobstatus, job.jobsubstatus, job.taskbuffererrorcode, job.taskbuffererrordiag)
    assert found == ENDS[code]
    assert job.commandtopilot == (None if code == 8 else "tobekilled")
    assert done == KillResult({pandaid: ENDS[code][0]}, before={pandaid: "activated"})
    files = select(FilesTable4.status).where(FilesTable4.pandaid == pandaid)
    assert sorted(session.scalars(files)) == ["failed", "failed", "unknown"]
    logged = select(JobsStatusLog.jobstatus).where(JobsStatusLog.pandaid == pandaid)
    assert [*session.scalars(logged)] == [job.jobstatus]


@pytest.mark.parametrize("code", [9, 10], ids=["cancelled", "closed"])
@pytest.mark.parametrize("state", STOPPABLE)
def test_jobs_that_do_not_run_end_at_once_from_any_table(
    session: Session, state: str, code: int
) -> None:
    pandaid = make_job(session, state)

    assert kill(session, pandaid, code=code).before == {pandaid: state}
    assert archived(session, pandaid).jobstatus == CODES[code].target


def test_a_running_job_runs_on_and_is_told_to_end(session: Session) -> None:
    before = datetime(2026, 11, 2)
    pandaid = make_job(session, "running", prodsourcelabel="user", modificationtime=before)

    done = kill(session, pandaid)

    job = active(session, pandaid)
    assert (job.jobstatus, job.commandtopilot) == ("running", "tobekilled")
    assert job.taskbuffererrordiag == "Killed by ann"
    assert job.modificationtime == before, "a kill is no heartbeat"
    assert done == KillResult(told=[pandaid])


def test_a_running_job_that_is_told_again_keeps_its_first_reason(session: Session) -> None:
    pandaid = make_job(session, "running", prodsourcelabel="user")

    kill(session, pandaid, by="ann")
    again = kill(session, pandaid, by="bob")

    assert again.told == [pandaid]
    assert active(session, pandaid).taskbuffererrordiag == "Killed by ann"


def test_a_hard_kill_ends_a_running_job(session: Session) -> None:
    pandaid = make_job(session, "running", prodsourcelabel="user")

    done = kill(session, pandaid, code=51, hard=True)

    assert done == KillResult({pandaid: "closed"}, before={pandaid: "running"})
    assert archived(session, pandaid).jobstatus == "closed"


@pytest.mark.parametrize(
    ("code", "columns", "forced"),
    [
        (9, {"prodsourcelabel": "managed"}, True),
        (9, {"prodsourcelabel": "rc_test2"}, True),
        (52, {"prodsourcelabel": None}, True),
        (52, {"prodsourcelabel": "user"}, False),
        (99, {"prodsourcelabel": "managed"}, True),
        (99, {"prodsourcelabel": "user"}, True),
        (99, {"prodsourcelabel": "panda"}, True),
        (9, {"prodsourcelabel": "panda"}, False),
        (50, {"prodsourcelabel": "managed"}, False),
        (2, {"prodsourcelabel": "user", "specialhandling": "de,eventservice"}, True),
        (2, {"prodsourcelabel": "user", "eventservice": 5}, True),
        (2, {"prodsourcelabel": "user", "specialhandling": "esmerge"}, False),
        (2, {"prodsourcelabel": "user", "eventservice": 3}, False),
    ],
)
def test_some_codes_end_some_running_jobs(
    session: Session, code: int, columns: dict[str, Any], forced: bool
) -> None:
    pandaid = make_job(session, "running", **columns)

    done = kill(session, pandaid, code=code)

    assert ([*done.jobs], done.told) == (([pandaid], []) if forced else ([], [pandaid]))


def test_a_failed_job_stays_failed_and_leaves_with_its_own_reason(session: Session) -> None:
    pandaid = make_failed(session, taskbuffererrordiag="why", piloterrorcode=5)

    done = kill(session, pandaid)

    job = archived(session, pandaid)
    assert done.before == {pandaid: "failed"}
    assert (job.jobstatus, job.taskbuffererrordiag, job.piloterrorcode) == ("failed", "why", 5)
    assert job.commandtopilot is None


def test_code_7_says_of_a_failed_job_that_it_is_tried_elsewhere(session: Session) -> None:
    pandaid = make_failed(session, commandtopilot="tobekilled")

    kill(session, pandaid, code=7)

    job = archived(session, pandaid)
    assert (job.jobstatus, job.taskbuffererrorcode, job.commandtopilot) == ("failed", 106, None)
    assert job.taskbuffererrordiag == "Tried again elsewhere"


def test_a_reason_is_cut_to_its_column_and_another_substatus_can_be_given(session: Session) -> None:
    pandaid = make_job(session, "activated")

    kill(session, pandaid, code=50, by="ü" * 400, jobsubstatus="es_toolong")

    job = archived(session, pandaid)
    assert (job.taskbuffererrordiag, job.jobsubstatus) == ("ü" * 300, "es_toolong")


def test_what_cannot_be_killed_is_said_of_each(session: Session) -> None:
    gone = make_job(session, "finished", modificationtime=SINCE)
    live = make_job(session, "sent")

    done = kill(session, gone, 5, live, live)

    assert done.jobs == {live: "cancelled"}
    assert done.refused[gone].reason is RefusalReason.STATE
    assert done.refused[5].sentence == "Job 5 is unknown: no table has it"


def test_an_unknown_code_and_a_wrong_name_change_nothing(session: Session) -> None:
    pandaid = make_job(session, "activated")

    with pytest.raises(UnknownCode, match="There is no kill code 1: the codes are 2, 3, 4, 7"):
        kill(session, pandaid, code=1)
    with pytest.raises(validation.InvalidValue, match="NUL"):
        kill(session, pandaid, by="a\0b")
    assert active(session, pandaid).commandtopilot is None


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 200])
def test_the_number_of_statements_does_not_grow_with_the_jobs(
    session: Session, number: int
) -> None:
    states = ("pending", "waiting", "activated", "running", "running", "sent")
    ids = [make_job(session, state) for state in states for _ in range(number)]
    engine: Engine = session.connection().engine
    seen: list[str] = []

    def count(*args: Any) -> None:
        seen.append(args[2])

    event.listen(engine, "before_cursor_execute", count)
    try:
        done = kill(session, *ids)
    finally:
        event.remove(engine, "before_cursor_execute", count)

    assert len(done.jobs) == 6 * number
    assert len(seen) < 15


def test_locked_jobs_are_waited_for_skipped_or_refused(database: Database) -> None:
    with database.session() as session:
        ids = [make_job(session, state) for state in ("running", "activated", "sent")]
        ids.insert(2, make_failed(session))
    with database.session() as other:
        locked = select(JobsActive4.pandaid).where(JobsActive4.pandaid != ids[3])
        other.execute(locked.with_for_update())

        done = jobs.kill(database, ids, by="ann", options=VerbOptions(lock=Lock.SKIP))
        with pytest.raises(JobsLocked):
            jobs.kill(database, ids, by="ann", options=VerbOptions(lock=Lock.NOWAIT))
        with pytest.raises(JobsLocked):
            jobs.kill(database, ids, by="ann", options=VerbOptions(patience=0.1))

    assert [*done.jobs] == [ids[3]]
    assert {job: refusal.reason for job, refusal in done.refused.items()} == dict.fromkeys(
        ids[:3], RefusalReason.LOCKED
    )
    with database.session() as session:
        told = select(func.count()).where(JobsActive4.commandtopilot.is_not(None))
        assert session.scalar(told) == 0


def test_one_job_that_cannot_be_killed_is_an_error_and_a_dry_run_does_nothing(
    database: Database,
) -> None:
    with database.session() as session:
        pandaid = make_job(session, "activated")

    with pytest.raises(Refused, match="Job 5 is unknown"):
        jobs.kill(database, 5, by="ann")
    dry = jobs.kill(database, pandaid, by="ann", options=VerbOptions(dry_run=True))

    assert dry.jobs == {pandaid: "cancelled"}
    with database.session() as session:
        assert active(session, pandaid).commandtopilot is None
        assert session.scalar(select(func.count()).select_from(JobsArchived4)) == 0


def test_what_belongs_to_a_running_job_that_is_told_stays_where_it_is(session: Session) -> None:
    pandaid = make_job(session, "running", prodsourcelabel="user")
    make_satellites(session, pandaid)

    kill(session, pandaid)

    moved = select(func.count()).where(
        FilesTable4.pandaid == pandaid, FilesTable4.modificationtime != EPOCH
    )
    assert session.scalar(moved) == 0


@pytest.mark.parametrize(
    ("state", "verb", "target"),
    [
        ("activated", "dispatch", None),
        ("sent", "heartbeat", "running"),
        ("defined", "activate", None),
    ],
)
def test_a_job_that_goes_on_while_the_kill_waits_is_killed_as_what_it_has_become(
    database: Database, state: str, verb: str, target: str | None
) -> None:
    with database.session() as session:
        pandaid = make_job(session, state, prodsourcelabel="user")
    done: list[KillResult] = []
    killing = threading.Thread(
        target=lambda: done.append(jobs.kill(database, pandaid, by="ann", code=2))
    )
    with database.session() as other:
        advances.advance(other, verb, [pandaid], host="there", target=target)
        killing.start()
        _until_somebody_waits(database)
    killing.join()

    new = transitions(verb, target)[0].target
    told = new == "running"
    ended = KillResult({pandaid: "closed"}, before={pandaid: new})
    assert done == [KillResult(told=[pandaid]) if told else ended]
    with database.session() as session:
        job = (active if told else archived)(session, pandaid)
        assert (job.taskbuffererrordiag or "").startswith(f"Expired: {new} since 20")


def _until_somebody_waits(database: Database) -> None:
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with database.session() as session:
            if session.scalar(waiting):
                return
        time.sleep(0.02)


def test_code_99_asks_the_pilots_if_who_kills_is_not_of_production(session: Session) -> None:
    pandaid = make_job(session, "running", prodsourcelabel="user")

    assert kill(session, pandaid, code=99, production=False).told == [pandaid]


@pytest.mark.parametrize("state", ["activated", "running"])
@pytest.mark.parametrize("code", [3, 55, 60])
def test_the_production_role_kills_no_users_jobs_with_some_codes(
    session: Session, code: int, state: str
) -> None:
    pandaid = make_job(session, state, prodsourcelabel="user")

    done = kill(session, pandaid, code=code)

    assert (done.jobs, done.told, done.refused[pandaid].reason) == ({}, [], RefusalReason.GUARD)
    job = active(session, pandaid)
    assert (job.jobstatus, job.commandtopilot) == (state, None)
    done = kill(session, pandaid, code=code, production=False)
    assert [*done.jobs, *done.told] == [pandaid]


@pytest.mark.parametrize(
    ("code", "state", "ends"),
    [(91, "holding", False), (50, "holding", False), (9, "holding", True), (51, "sent", True),
     (91, "merging", True)],
)  # fmt: skip
def test_a_job_that_was_told_to_end_ends_at_once_only_if_the_code_insists(
    session: Session, code: int, state: str, ends: bool
) -> None:
    pandaid = make_job(session, state, commandtopilot="tobekilled", taskbuffererrordiag="why")

    done = kill(session, pandaid, code=code)

    assert ([*done.jobs], done.told) == (([pandaid], []) if ends else ([], [pandaid]))
    if not ends:
        assert active(session, pandaid).taskbuffererrordiag == "why"


def test_every_state_of_a_job_that_has_not_ended_can_be_killed() -> None:
    for name in ("kill", "close"):
        sources = [s for verb in (name, f"{name} hard") for s in transitions(verb)[0].sources]
        live = [state.name for state in STATES.values() if not state.final]
        assert sorted(sources) == sorted(live)


@pytest.mark.parametrize("wrong", ["1", 1.0, None, True])
def test_an_id_that_is_no_whole_number_is_a_sentence(session: Session, wrong: Any) -> None:
    pandaid = make_job(session, "activated", 1)

    with pytest.raises(validation.InvalidValue, match="pandaid has to "):
        kill(session, wrong)
    assert active(session, pandaid).commandtopilot is None


def test_a_job_that_is_named_twice_has_one_answer(session: Session) -> None:
    told = make_job(session, "running", prodsourcelabel="user")
    ends = make_job(session, "sent")

    done = kill(session, told, ends, told, 5, ends, 5)

    assert (done.jobs, done.told, [*done.refused]) == ({ends: "cancelled"}, [told], [5])


def test_a_job_that_was_told_and_somebody_has_is_said_to_be_locked(database: Database) -> None:
    with database.session() as session:
        told = make_job(session, "holding", commandtopilot="tobekilled")
        free = make_job(session, "holding")
    with database.session() as other:
        other.execute(select(JobsActive4.pandaid).with_for_update())

        done = jobs.cancel(database, [told, free], VerbOptions(lock=Lock.SKIP))

    reasons = {job: refusal.reason for job, refusal in done.refused.items()}
    assert reasons == {told: RefusalReason.LOCKED, free: RefusalReason.GUARD}
