"""States as agents set them: T_TASK, times, attempts and periods with them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from pandadb.core.sql.validation import InvalidValue
from pandadb.core.statemachine.machine import UnknownState
from pandadb.core.tasks.changes import agent_states
from pandadb.core.tasks.states import ATTEMPT_ENDS, STATES
from pandadb.models import (
    JediDatasetContents,
    JediDatasets,
    JediTasks,
    TaskAttempts,
    TaskMetrics,
    TTask,
)
from tests.task_commands import logged, make_commanded_task, states, task_row

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TASK = 7
LONG_AGO = datetime(2026, 1, 1)


def set_state(session: Session, status: str, **more: object) -> dict[int, str]:
    done = agent_states.set_state(session, [TASK], status, host="here", **more)  # type: ignore[arg-type]
    session.expire_all()
    return done


def test_a_task_that_has_moved_on_is_left(session: Session) -> None:
    make_commanded_task(session, TASK, "done")

    assert set_state(session, "ready", was=["running"]) == {}
    assert states(session) == {TASK: "done"}
    assert set_state(session, "failed") == {TASK: "done"}


@pytest.mark.parametrize("status", [*STATES])
def test_production_and_the_log_are_told_of_every_state(session: Session, status: str) -> None:
    make_commanded_task(session, TASK, "throttled" if status != "throttled" else "ready")

    set_state(session, status, error="because")

    row = task_row(session, TASK)
    assert (row.status, row.superstatus, row.errordialog) == (status, status, "because")
    assert session.get_one(TTask, TASK).status == status[:12]
    assert logged(session, TASK) == [(status, "because")]


def test_the_same_state_again_is_not_logged_and_changes_no_time_of_it(session: Session) -> None:
    make_commanded_task(session, TASK, "pending", statechangetime=LONG_AGO)

    set_state(session, "pending", error="still")

    row = task_row(session, TASK)
    assert (row.statechangetime, row.modificationtime > LONG_AGO) == (LONG_AGO, True)
    assert logged(session, TASK) == []


def test_a_task_is_frozen_once_it_is_pending_and_stays_so(session: Session) -> None:
    make_commanded_task(session, TASK)
    set_state(session, "pending")
    since = task_row(session, TASK).frozentime
    assert since is not None

    for status in ("pending", "assigning", "ready"):
        set_state(session, status)
        assert task_row(session, TASK).frozentime == since


def test_jobs_that_have_finished_files_are_counted(session: Session) -> None:
    make_commanded_task(session, TASK, files=4)
    for n, pandaid in enumerate((501, 501, 502)):
        session.execute(
            update(JediDatasetContents)
            .where(JediDatasetContents.fileid == n)
            .values(status="finished", pandaid=pandaid)
        )

    set_state(session, "prepared")

    assert session.get_one(TTask, TASK).total_done_jobs == 2


@pytest.mark.parametrize("status", ["running", *ATTEMPT_ENDS])
def test_an_attempt_ends_with_its_task(session: Session, status: str) -> None:
    make_commanded_task(session, TASK, "prepared")
    session.add(TaskAttempts(jeditaskid=TASK, attemptnr=1, starttime=LONG_AGO))
    session.flush()

    set_state(session, status)

    (attempt,) = session.scalars(select(TaskAttempts)).all()
    ended = status if status in ATTEMPT_ENDS else None
    assert (attempt.endstatus, attempt.endtime is not None) == (ended, ended is not None)


def test_a_task_is_queued_while_it_has_input_and_its_period_is_kept(session: Session) -> None:
    make_commanded_task(session, TASK, "assigning", files=1)
    session.execute(update(JediDatasets).values(nfilesused=0))
    set_state(session, "ready")
    assert task_row(session, TASK).queuedtime is not None
    assert task_row(session, TASK).activatedtime is not None

    set_state(session, "exhausted")

    row = task_row(session, TASK)
    assert (row.queuedtime, row.activatedtime) == (None, None)
    (metrics,) = session.scalars(select(TaskMetrics.data)).all()
    periods = json.loads(metrics or "")
    assert periods["queuingPeriods"][0]["status"] == "exhausted"
    assert periods["activePeriod"][0]["status"] == "exhausted"


def test_a_reason_is_cut_to_its_column_and_has_to_be_text(session: Session) -> None:
    make_commanded_task(session, TASK)

    set_state(session, "pending", error="x" * 600)
    assert len(task_row(session, TASK).errordialog or "") == agent_states.ERROR_LENGTH
    with pytest.raises(InvalidValue, match="NUL"):
        set_state(session, "pending", error="a\0b")


def test_an_unknown_state_is_refused_by_name(session: Session) -> None:
    make_commanded_task(session, TASK)

    with pytest.raises(UnknownState, match="no state 'runing'"):
        set_state(session, "runing")
    with pytest.raises(UnknownState, match="no state 'redy'"):
        set_state(session, "running", was=["redy"])
    assert session.scalars(select(JediTasks.status)).all() == ["running"]
