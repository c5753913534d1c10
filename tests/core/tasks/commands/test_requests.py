"""Requests of commands: answers, the row in PRODSYS_COMM, wrong input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks.commands.catalog import COMMANDS, UnknownCommand
from pandadb.core.tasks.commands.requests import CommandCode, CommandRequest
from pandadb.core.tasks.requesters import Requester
from pandadb.core.tasks.states import STATES
from pandadb.models import ProdSysComm
from tests.task_commands import OPERATOR, ask, make_commanded_task, words

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TASK = 7
OWNER = Requester("somebody")


def code(session: Session, command: str, **more: Any) -> CommandCode:
    return ask(session, TASK, command=command, **more)[TASK].code


@pytest.mark.parametrize("command", [*COMMANDS])
def test_a_command_is_registered_in_its_states_only(session: Session, command: str) -> None:
    for task, state in enumerate(STATES, start=1):
        make_commanded_task(session, task, state)

    answers = ask(session, *range(1, len(STATES) + 1), command=command)

    registered = {t for t, answer in answers.items() if answer.code == CommandCode.REGISTERED}
    wanted = {t for t, state in enumerate(STATES, start=1) if state in allowed(command)}
    assert registered == wanted
    assert words(session) == dict.fromkeys(sorted(wanted), command)
    rest = {answer.code for task, answer in answers.items() if task not in wanted}
    assert rest == {CommandCode.WRONG_STATE}


def allowed(command: str) -> tuple[str, ...]:
    return COMMANDS[command].requested_in


def test_a_command_replaces_the_one_before(session: Session) -> None:
    make_commanded_task(session, TASK)
    ask(session, TASK, command="pause")

    ask(session, TASK, command="finish", qualifier="soft")

    (row,) = session.scalars(select(ProdSysComm)).all()
    assert (row.comm_cmd, row.comm_comment) == ("finish", "soft finish by an operator")
    assert row.comm_owner == "DEFT"


def test_a_refused_command_leaves_the_one_before(session: Session) -> None:
    make_commanded_task(session, TASK)
    ask(session, TASK, command="pause")

    assert code(session, "retry") == CommandCode.WRONG_STATE
    assert words(session) == {TASK: "pause"}


def test_a_command_to_a_task_that_does_not_exist_is_answered(session: Session) -> None:
    assert code(session, "kill") == CommandCode.UNKNOWN_TASK
    assert words(session) == {}


def test_only_the_owner_and_production_may_kill(session: Session) -> None:
    make_commanded_task(session, TASK, workinggroup="GP_TOP")

    assert code(session, "kill", requester=Requester("another")) == CommandCode.NO_RIGHT
    assert words(session) == {}
    assert code(session, "kill", requester=OWNER) == CommandCode.REGISTERED
    of_group = Requester("another", fqans=("/atlas/GP_TOP/Role=production",))
    assert code(session, "pause", requester=of_group) == CommandCode.REGISTERED


def test_a_caller_that_has_checked_the_right_gives_any_command(session: Session) -> None:
    make_commanded_task(session, TASK)

    answer = code(session, "pause", requester=Requester("another"), rights_checked=True)

    assert answer == CommandCode.REGISTERED


def test_an_exhausted_task_is_retried_by_production_only(session: Session) -> None:
    make_commanded_task(session, TASK, "exhausted")

    assert code(session, "retry", requester=OWNER) == CommandCode.WRONG_STATE
    assert code(session, "retry") == CommandCode.REGISTERED


@pytest.mark.parametrize("state", ["running", "scouting", "pending"])
def test_a_users_task_at_work_has_its_failed_files_retried(session: Session, state: str) -> None:
    make_commanded_task(session, TASK, state, prodsourcelabel="user")

    answer = ask(session, TASK, command="retry")[TASK]

    assert (answer.code, answer.text) == (CommandCode.RETRY_FILES, state)


def test_a_reassignment_that_comes_back_is_allowed_in_every_state(session: Session) -> None:
    make_commanded_task(session, TASK, "paused")

    assert code(session, "reassign", comment="site:B:n") == CommandCode.WRONG_STATE
    assert code(session, "reassign", comment="site:B:y") == CommandCode.REGISTERED


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"command": "kil"}, "no command 'kil': is it kill?"),
        ({"command": "kill", "comment": "x" * 129}, "too long: 129 characters, 128 fit"),
        ({"command": "kill", "comment": "a\0b"}, "NUL character"),
        ({"command": "kill", "parameters": "{}"}, "parameters are for incexec, not for kill"),
        ({"command": "incexec", "comment": '{"nFiles": '}, "no JSON"),
        ({"command": "incexec", "parameters": '[{}, ["keep"], 3]'}, "a JSON object, or a list"),
        ({"command": "reassign", "comment": f"site:{'x' * 61}:y"}, "site is too long"),
    ],
)
def test_wrong_input_is_refused_with_a_sentence(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises((InvalidValue, UnknownCommand), match=sentence):
        CommandRequest(requester=OPERATOR, **given)


def test_a_long_name_of_a_requester_does_not_prevent_a_command(session: Session) -> None:
    make_commanded_task(session, TASK)

    assert code(session, "kill", requester=Requester("n" * 128, True)) == CommandCode.REGISTERED


def test_parameters_of_incexec_may_be_long(session: Session) -> None:
    make_commanded_task(session, TASK, "done")
    text = f'{{"note": "{"x" * 1000}"}}'

    ask(session, TASK, command="incexec", parameters=text)

    (row,) = session.scalars(select(ProdSysComm)).all()
    assert row.comm_parameters == text
