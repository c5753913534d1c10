"""Tasks taken over from T_TASK."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from pandadb.core.tasks.submission import takeovers
from pandadb.models import JediTaskParams, JediTasks, TTask
from tests.task_requests import make, row, rows, submitted

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.database import Database


def test_a_task_that_waits_is_registered_with_its_parameters(session: Session) -> None:
    task = submitted(session, parent=3)
    assert takeovers.take(session, "wlcg", "managed") == [task]
    found = row(session, JediTasks, jeditaskid=task)
    assert (found["status"], found["superstatus"]) == ("registered", "registered")
    assert (found["username"], found["parent_tid"], found["vo"]) == ("tobeset", 3, "wlcg")
    assert len(found["taskname"]) == 36
    deft = row(session, TTask, taskid=task)
    assert (deft["status"], deft["total_done_jobs"], deft["total_events"]) == ("registered", 0, 0)
    params = row(session, JediTaskParams, jeditaskid=task)["taskparams"]
    assert params == deft["jedi_task_parameters"]
    assert takeovers.take(session, "wlcg", "managed") == []


def test_tasks_are_chosen_by_vo_and_label_in_the_order_of_submission(session: Session) -> None:
    one, two, three = (
        submitted(session), submitted(session, vo="atlas"), submitted(session, prodSourceLabel="x"),
    )  # fmt: skip
    session.execute(
        text("UPDATE doma_deft.t_task SET submit_time = '2020-01-01' WHERE taskid = :task"),
        {"task": three},
    )
    assert takeovers.take(session, "cms", "managed") == []
    assert takeovers.take(session, None, "any") == [three, one, two]
    assert row(session, JediTasks, jeditaskid=three)["prodsourcelabel"] == "x"


def test_tasks_without_parameters_or_known_to_jedi_are_left(session: Session) -> None:
    one, two = submitted(session), submitted(session)
    session.execute(
        text("UPDATE doma_deft.t_task SET jedi_task_parameters = NULL WHERE taskid = :task"),
        {"task": one},
    )
    make(session, two, status="running")
    assert takeovers.take(session) == []
    assert [one["status"] for one in rows(session, TTask, status="waiting")] == ["waiting"] * 2


def test_tasks_that_were_not_refined_for_ten_minutes_are_taken_again_once(session: Session) -> None:
    for task, status, minutes in [
        (5_000_001, "registered", 11), (5_000_002, "rerefine", 11), (5_000_003, "staged", 400),
        (5_000_004, "registered", 9), (5_000_005, "defined", 400),
    ]:  # fmt: skip
        make(session, task, status=status, vo="wlcg", prodsourcelabel="managed")
        session.execute(
            text(
                "UPDATE doma_panda.jedi_tasks SET modificationtime ="
                " (now() AT TIME ZONE 'UTC') - :minutes * interval '1 minute'"
                " WHERE jeditaskid = :task"
            ),
            {"task": task, "minutes": minutes},
        )
    new = submitted(session)
    found = takeovers.take(session, "wlcg", "managed")
    assert found[0] == new
    assert sorted(found[1:]) == [5_000_001, 5_000_002, 5_000_003]
    assert takeovers.take(session, "wlcg", "managed") == []


def test_two_takers_never_take_the_same_task(database: Database) -> None:
    with database.session() as session:
        tasks = [submitted(session) for _ in range(3)]
    with database.session() as one, database.session() as other:
        assert takeovers.take(one, tasks=tasks[:2]) == tasks[:2]
        assert takeovers.take(other) == tasks[2:]
