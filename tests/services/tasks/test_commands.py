"""Verbs of commands: one transaction each, dry runs, several callers side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from pandadb.core.sql.transaction import Lock
from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks.row_locks import TasksLocked
from pandadb.models import JediTasks, JobsActive4, ProdSysComm
from pandadb.services.tasks import agents, commands
from pandadb.services.tasks.commands import CommandCode, CommandRequest
from pandadb.services.tasks.min_task_ids import refresh_min_task_ids
from pandadb.services.transaction import VerbOptions
from tests.factories import make_job
from tests.task_commands import OPERATOR, make_commanded_task, states

if TYPE_CHECKING:
    from pandadb.database import Database

KILL, PAUSE = CommandRequest("kill", OPERATOR), CommandRequest("pause", OPERATOR)
OPTIONS = VerbOptions(host="here")
DRY = replace(OPTIONS, dry_run=True)
TASKS = range(1, 21)


def fill(database: Database, *tasks: int) -> None:
    with Session(database.engine) as session, session.begin():
        for task in tasks:
            make_commanded_task(session, task)
            make_job(session, "activated", jeditaskid=task)


def found(database: Database) -> dict[int, str]:
    with Session(database.engine) as session:
        return states(session)


def words(database: Database) -> list[str | None]:
    with Session(database.engine) as session:
        return [*session.scalars(select(ProdSysComm.comm_cmd).order_by(ProdSysComm.comm_task))]


def test_tasks_are_killed_by_three_verbs(database: Database) -> None:
    fill(database, *TASKS)

    answers = commands.request_command(database, TASKS, KILL, OPTIONS)
    accepted = commands.accept_commands(database, options=OPTIONS).accepted
    done = commands.carry_out_commands(database, accepted, OPTIONS)

    assert {answer.code for answer in answers.values()} == {CommandCode.REGISTERED}
    assert done.tasks == found(database) == dict.fromkeys(TASKS, "toabort")
    assert words(database) == ["killing"] * len(TASKS)
    with Session(database.engine) as session:
        assert session.scalars(select(JobsActive4)).all() == []


def test_a_dry_run_answers_and_changes_nothing(database: Database) -> None:
    fill(database, 1)

    assert commands.request_command(database, 1, KILL, DRY)[1].code == CommandCode.REGISTERED
    assert words(database) == []
    commands.request_command(database, 1, KILL, OPTIONS)
    accepted = commands.accept_commands(database, options=DRY).accepted
    assert [one.command for one in accepted] == ["kill"]
    assert (words(database), found(database)) == (["kill"], {1: "running"})
    assert commands.set_status(database, 1, "done", options=DRY) == {1: "running"}
    assert commands.change_priority(database, 1, 5, DRY) == [1]
    assert commands.change_attribute(database, 1, "ramCount", 5, DRY) == [1]
    assert commands.change_split_rule(database, 1, "NF", 5, DRY) == [1]
    assert refresh_min_task_ids(database, DRY) == 1
    assert found(database) == {1: "running"}


def test_commands_are_accepted_and_carried_out_in_one_call(database: Database) -> None:
    fill(database, 1, 2)
    commands.request_command(database, 1, KILL, OPTIONS)
    commands.request_command(database, 2, PAUSE, OPTIONS)

    assert agents.advance(database, options=DRY).tasks == {1: "toabort", 2: "paused"}
    assert agents.advance(database, options=OPTIONS).tasks == {1: "aborted", 2: "paused"}

    assert found(database) == {1: "aborted", 2: "paused"}


def test_a_command_leaves_those_of_other_tasks_to_agents(database: Database) -> None:
    fill(database, 1, 2, 3)
    commands.request_command(database, [1, 2], KILL, OPTIONS)
    with Session(database.engine) as session, session.begin():
        session.execute(ProdSysComm.__table__.insert().values(
            comm_task=99, comm_owner="DEFT", comm_cmd="kill"))  # fmt: skip
    lock = text("SELECT FROM doma_panda.jedi_tasks WHERE jeditaskid = 1 FOR UPDATE")

    with database.engine.connect() as holder:
        holder.execute(lock)
        done = agents.command(database, [2, 3], KILL, OPTIONS)

    assert done.tasks == {2: "toabort", 3: "toabort"}
    assert found(database) == {1: "running", 2: "toabort", 3: "toabort"}
    assert words(database) == ["kill", "killing", "killing", "kill"]


def test_two_requests_at_once_leave_one_command(database: Database) -> None:
    fill(database, *TASKS)

    with ThreadPoolExecutor(4) as pool:
        asked = [KILL, PAUSE, KILL, PAUSE]
        for future in [
            pool.submit(commands.request_command, database, TASKS, one, OPTIONS) for one in asked
        ]:
            future.result()

    assert len(words(database)) == len(TASKS)


def test_commands_are_accepted_once_by_several_callers(database: Database) -> None:
    fill(database, *TASKS)
    commands.request_command(database, TASKS, KILL, OPTIONS)

    with ThreadPoolExecutor(4) as pool:
        running = [
            pool.submit(commands.accept_commands, database, options=OPTIONS) for _ in range(4)
        ]
        accepted = [one.task for future in running for one in future.result().accepted]

    assert sorted(accepted) == [*TASKS]


def test_a_locked_task_is_left_to_the_next_run(database: Database) -> None:
    fill(database, 1, 2)
    commands.request_command(database, [1, 2], KILL, OPTIONS)
    lock = text("SELECT FROM doma_panda.jedi_tasks WHERE jeditaskid = 1 FOR UPDATE")

    with database.engine.connect() as holder:
        holder.execute(lock)
        accepted = commands.accept_commands(database, options=OPTIONS).accepted
        assert [one.task for one in accepted] == [2]
        with pytest.raises(TasksLocked, match="locked a task"):
            commands.request_command(database, 1, PAUSE, replace(OPTIONS, lock=Lock.NOWAIT))
        with pytest.raises(TasksLocked, match="locked a task"):
            commands.set_status(database, 1, "done", options=replace(OPTIONS, patience=0.1))

    accepted = commands.accept_commands(database, options=OPTIONS).accepted
    assert [one.task for one in accepted] == [1]


def test_a_task_is_a_number(database: Database) -> None:
    with pytest.raises(InvalidValue, match="jeditaskid has to be a whole number"):
        commands.request_command(database, "7", KILL)  # type: ignore[arg-type]


def test_a_retry_waits_for_no_child_as_it_has_locked_tasks_before(database: Database) -> None:
    """Or it holds 30 and waits for 20, while another call holds 20 and waits for 30."""
    with Session(database.engine) as session, session.begin():
        for task in (10, 20, 30):
            make_commanded_task(session, task, "finished")
        session.execute(update(JediTasks).where(JediTasks.jeditaskid == 20).values(parent_tid=10))
    retry = CommandRequest("retry", OPERATOR)
    with database.engine.connect() as holder:
        holder.execute(text("SELECT FROM doma_panda.jedi_tasks WHERE jeditaskid = 20 FOR UPDATE"))
        done = agents.command(database, [10, 30], retry, OPTIONS)
    assert "another transaction has locked a task that reads its output" in done.refused[10]
    assert found(database)[10] == "toretry"
    assert found(database)[30] == "finished"

    accepted = commands.accept_commands(database, idle=timedelta(0), options=OPTIONS).accepted
    commands.carry_out_commands(database, accepted, OPTIONS)

    assert found(database)[10] == "finished"
