"""The right to a command: owner, production role, and the role in the task's working group."""

from __future__ import annotations

import pytest

from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks.commands.catalog import COMMANDS
from pandadb.core.tasks.commands.rights import lacks
from pandadb.core.tasks.requesters import Requester


@pytest.mark.parametrize("name", ["kill", "finish", "retry", "incexec", "reassign"])
def test_an_owner_may_command_the_end_and_the_retry_of_a_task(name: str) -> None:
    command = COMMANDS[name]

    assert lacks(Requester("ann"), command, owner="ann", workinggroup=None) is None
    why = lacks(Requester("bob"), command, owner="ann", workinggroup="GP_TOP")
    assert why == "bob is not the owner of the task, and has no production role"


@pytest.mark.parametrize("name", ["pause", "resume", "avalanche", "release"])
def test_an_owner_without_the_production_role_may_not_hold_a_task_back(name: str) -> None:
    why = lacks(Requester("ann"), COMMANDS[name], owner="ann", workinggroup=None)

    assert why == f"the {name} command needs the production role"


@pytest.mark.parametrize("name", [*COMMANDS])
def test_the_production_role_may_give_every_command(name: str) -> None:
    operator = Requester("bob", production_role=True)
    of_group = Requester("bob", fqans=("/atlas/GP_TOP/Role=production",))

    assert lacks(operator, COMMANDS[name], owner="ann", workinggroup=None) is None
    assert lacks(of_group, COMMANDS[name], owner="ann", workinggroup="GP_TOP") is None


def test_the_role_in_a_group_is_none_for_tasks_of_another_or_of_no_group() -> None:
    of_group = Requester("bob", fqans=("/atlas/GP_TOP/Role=production",))

    assert lacks(of_group, COMMANDS["kill"], owner="ann", workinggroup="GP_HIGGS")
    assert lacks(of_group, COMMANDS["kill"], owner="ann", workinggroup=None)


def test_a_requester_has_a_name() -> None:
    with pytest.raises(InvalidValue, match="has to have a name"):
        Requester("  ")
