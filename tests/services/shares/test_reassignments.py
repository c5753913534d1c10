"""Live tasks and jobs that go to other shares."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from pandadb.core.sql.transaction import Lock
from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks.row_locks import TasksLocked
from pandadb.models import JediTaskParams, JediTasks, JobsActive4, JobsDefined4, JobsWaiting4
from pandadb.services import shares
from pandadb.services.shares import ShareChanges, UnknownShare, VerbOptions
from tests.factories import make_job
from tests.share_rows import make_shares
from tests.task_commands import make_commanded_task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pandadb.database import Database

DRY = VerbOptions(dry_run=True)
JOB_STATES = ("defined", "waiting", "activated", "running", "starting", "holding")
QUEUED = {"defined", "waiting", "activated"}


def fill(database: Database, *tasks: int, share: str = "Old", **columns: Any) -> None:
    with Session(database.engine) as session, session.begin():
        for task in tasks:
            given = {"prodsourcelabel": "managed", "gshare": share, **columns}
            make_commanded_task(session, task, "running", **given)
            for state in JOB_STATES:
                make_job(session, state, jeditaskid=task, gshare=share)


@pytest.fixture
def filled(database: Database) -> Database:
    with database.transaction() as connection:
        make_shares(connection)
    fill(database, 1, 2)
    return database


def count_statements(database: Database, do: Callable[[], object]) -> int:
    """Count the statements that are sent."""
    sent: list[str] = []

    def remember(*given: Any) -> None:
        sent.append(given[2])

    event.listen(database.engine, "before_cursor_execute", remember)
    try:
        do()
    finally:
        event.remove(database.engine, "before_cursor_execute", remember)
    return len(sent)


def of_tasks(database: Database) -> dict[int, str | None]:
    with Session(database.engine) as session:
        rows = session.execute(select(JediTasks.jeditaskid, JediTasks.gshare))
        return {row.jeditaskid: row.gshare for row in rows}


def of_jobs(database: Database, share: str, task: int | None = None) -> set[str]:
    """The states of jobs with a share."""
    found: set[str] = set()
    with Session(database.engine) as session:
        for model in (JobsDefined4, JobsWaiting4, JobsActive4):
            chosen = select(model.jobstatus).where(model.gshare == share)
            found |= {
                *session.scalars(chosen if task is None else chosen.filter_by(jeditaskid=task))
            }
    return found


def test_queued_jobs_go_with_their_task_and_then_the_running_ones(filled: Database) -> None:
    tried = shares.reassign(filled, [1, 2], "Simulation", DRY)
    before = of_tasks(filled)
    first = shares.reassign(filled, [1, 2], "Simulation")
    queued = of_jobs(filled, "Simulation")
    second = shares.reassign(filled, [1, 2], "Simulation", running=True)
    third = shares.reassign(filled, [1, 2], "Simulation", running=True)

    moved = dict.fromkeys((1, 2), ("Old", "Simulation"))
    assert before == {1: "Old", 2: "Old"}
    assert tried == first == ShareChanges(moved, jobs=6)
    assert of_tasks(filled) == {1: "Simulation", 2: "Simulation"}
    assert queued == QUEUED
    assert second == ShareChanges({}, jobs=4)
    assert of_jobs(filled, "Simulation") == QUEUED | {"running", "starting"}
    assert of_jobs(filled, "Old") == {"holding"}
    assert third == ShareChanges()


def test_tasks_of_an_agent_and_unknown_ones_are_reported(filled: Database) -> None:
    """The server skips locked tasks silently."""
    fill(filled, 3, lockedby="agent")

    found = shares.reassign(filled, [1, 3, 99], "Analysis")

    assert found.refused == {3: "Task 3 is locked by agent", 99: "There is no task 99"}
    assert of_tasks(filled) == {1: "Analysis", 2: "Old", 3: "Old"}
    assert of_jobs(filled, "Old", 3) == {*JOB_STATES}


@pytest.mark.parametrize(
    ("share", "words"),
    [
        ("Production", "no leaf: below it are Group, Simulation"),
        ("Grup", "is it Group"),
        ("", "no share"),
    ],
)
def test_a_share_that_is_no_leaf_is_refused(filled: Database, share: str, words: str) -> None:
    with pytest.raises(UnknownShare, match=words):
        shares.reassign(filled, [1], share)
    with pytest.raises(InvalidValue):
        shares.reassign(filled, ["1"], "Group")  # type: ignore[list-item]
    assert of_tasks(filled) == {1: "Old", 2: "Old"}


def test_a_task_that_is_being_changed_is_not_waited_for_without_end(filled: Database) -> None:
    with filled.transaction() as connection:
        connection.execute(
            text("SELECT 1 FROM doma_panda.jedi_tasks WHERE jeditaskid = 1 FOR UPDATE")
        )
        with pytest.raises(TasksLocked):
            shares.reassign(filled, [1, 2], "Group", VerbOptions(lock=Lock.NOWAIT))
        skipped = shares.reassign(filled, [1, 2], "Group", VerbOptions(lock=Lock.SKIP))

    assert skipped.refused == {1: "There is no task 1 that is free"}
    assert of_tasks(filled) == {1: "Old", 2: "Group"}


def test_two_reassignments_at_once_leave_each_task_with_its_jobs(filled: Database) -> None:
    tasks = [*range(10, 40)]
    fill(filled, *tasks)

    def go(share: str, order: Iterable[int]) -> list[ShareChanges]:
        return [shares.reassign(filled, order, share, running=True) for _ in range(5)]

    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(go, "Group", tasks), pool.submit(go, "Analysis", tasks[::-1])]
        assert all(one.refused == {} for run in runs for one in run.result())

    by_task = of_tasks(filled)
    for task in tasks:
        share = by_task[task]
        assert share in ("Group", "Analysis")
        assert of_jobs(filled, share, task) == {*JOB_STATES} - {"holding"}


def test_by_rules_live_tasks_get_the_share_that_they_would_get_now(filled: Database) -> None:
    fill(filled, 3, workinggroup="GP_X")
    fill(filled, 4, prodsourcelabel="other")
    fill(filled, 5, share="Simulation")
    with Session(filled.engine) as session, session.begin():
        session.add(JediTaskParams(jeditaskid=2, taskparams='{"gshare": "Analysis"}'))
        session.execute(
            text("UPDATE doma_panda.jedi_tasks SET status = 'done' WHERE jeditaskid = 1")
        )

    (tried,) = shares.reassign_tasks_by_rules(filled, options=DRY, running=True)
    before = of_tasks(filled)
    (found,) = shares.reassign_tasks_by_rules(filled, running=True)
    (again,) = shares.reassign_tasks_by_rules(filled, running=True)
    (named,) = shares.reassign_tasks_by_rules(filled, [1, 99])

    assert {*before.values()} == {"Old", "Simulation"}
    assert tried == found
    assert found.tasks == {2: ("Old", "Analysis"), 3: ("Old", "Group")}
    assert found.refused == again.refused == {4: "Task 4 matches no share"}
    assert (found.jobs, again.jobs, again.tasks) == (10, 0, {})
    assert named.tasks == {1: ("Old", "Simulation")}
    assert named.refused == {99: "There is no task 99"}


def test_tasks_are_matched_in_shards_of_a_hundred(filled: Database) -> None:
    with Session(filled.engine) as session, session.begin():
        for task in range(100, 350):
            make_commanded_task(session, task, prodsourcelabel="user", gshare="Old")

    found = [*shares.reassign_tasks_by_rules(filled)]

    assert [len(one.tasks) for one in found] == [100, 100, 52]
    assert Counter(of_tasks(filled).values()) == {"Analysis": 250, "Simulation": 2}


def test_live_jobs_without_a_task_are_matched_by_kind(filled: Database) -> None:
    with Session(filled.engine) as session, session.begin():
        for state in ("defined", "activated", "activated", "running"):
            make_job(session, state, prodsourcelabel="user", gshare="Gone")
        make_job(session, "activated", prodsourcelabel="managed", workinggroup="GP_1", jeditaskid=0)
        make_job(session, "activated", prodsourcelabel="managed", eventservice=2, gshare="Gone")
        make_job(session, "activated", prodsourcelabel="none", gshare="Gone")

    tried = shares.reassign_jobs_by_rules(filled, DRY)
    found = shares.reassign_jobs_by_rules(filled)
    again = shares.reassign_jobs_by_rules(filled)
    running = shares.reassign_jobs_by_rules(filled, running=True)

    assert tried == found == {"Gone": {"Analysis": 3, "Express": 1}, None: {"Group": 1}}
    assert again == {}
    assert running == {"Gone": {"Analysis": 1}}
    assert of_jobs(filled, "Old", 1) == {*JOB_STATES}


def test_many_tasks_take_the_statements_of_one(filled: Database) -> None:
    fill(filled, *range(10, 60))

    one = count_statements(filled, lambda: shares.reassign(filled, [1], "Group"))
    many = count_statements(filled, lambda: shares.reassign(filled, range(10, 60), "Group"))

    assert many == one
