"""The table of commands agrees with the transitions."""

from __future__ import annotations

import pytest

from pandadb.core.tasks.commands.catalog import COMMANDS, Command, UnknownCommand, known
from pandadb.core.tasks.states import STATES, TASKS


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda one: one.name)
def test_a_command_leads_to_the_states_of_its_transitions(command: Command) -> None:
    assert {*command.requested_in, *command.accepted_in} <= {*STATES}
    if command.doing:
        assert command.doing in {step.target for step in TASKS.steps(command.name)}
    if command.doing and command.next:
        (step,) = TASKS.steps(f"{command.name} done")
        assert (command.doing in step.sources, step.target) == (True, command.next)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda one: one.name)
def test_a_command_is_accepted_where_its_transitions_begin(command: Command) -> None:
    if command.name in TASKS.verbs:
        sources = {name for step in TASKS.steps(command.name) for name in step.sources}
        assert sources == {*command.accepted_in}


def test_words_of_a_command_are_pandas() -> None:
    assert (COMMANDS["kill"].accepted, COMMANDS["kill"].refused) == ("killing", "kill failed")
    assert COMMANDS["pause"].accepted == "pauseing"


def test_an_unknown_command_is_refused_by_name() -> None:
    with pytest.raises(UnknownCommand, match="no command 'pauze': is it pause"):
        known("pauze")
