"""The page about states of tasks has all of the data, and its diagram draws it."""

from __future__ import annotations

import re
from itertools import product

import pytest

from pandadb.core.tasks.commands.catalog import COMMANDS
from pandadb.core.tasks.states import STATES, TASKS
from pandadb.docs_pages import task_states_page
from pandadb.docs_pages.task_states_page import BOXES, COLOURS, states_in_words

pytestmark = pytest.mark.any_server

PAGE = task_states_page.page()
DIAGRAM = task_states_page.diagram()
DRAWN = {
    (source, target, verb)
    for source, target, verbs in re.findall(r"^ *(\S+) --> (\S+) : (.+)$", DIAGRAM, re.MULTILINE)
    for verb in verbs.split(", ")
}


def boxes_of(name: str) -> list[str]:
    return [name, *(box for box, states in BOXES.items() if name in states)]


@pytest.mark.parametrize("state", STATES.values(), ids=lambda state: state.name)
def test_every_state_has_a_row_and_is_drawn(state) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{state.name}`"))
    assert row.endswith(f"| {'yes' if state.final else ''} | {state.meaning} |")
    assert re.search(rf"\b{state.name}\b", DIAGRAM)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.name)
def test_every_command_has_a_row_with_its_states(command) -> None:
    rows = PAGE.partition("## Commands")[2].partition("## Transitions")[0].splitlines()
    row = next(line for line in rows if line.startswith(f"| `{command.name}`"))
    assert command.meaning in row
    assert states_in_words(command.requested_in) in row
    if command.doing:
        assert any(command.doing in states for _, states in COLOURS.values())
        assert f"| {command.doing} |" in row


def test_every_transition_has_a_row() -> None:
    rows = PAGE.partition("## Transitions")[2].splitlines()
    for step in TASKS.transitions:
        start = f"| `{step.verb}` | {states_in_words(step.sources)} | "
        found = [row for row in rows if row.startswith(start) and f"| {step.meaning} |" in row]
        assert found, (step.verb, step.target)
        assert all(any(f"`{column}`" in row for row in found) for column in step.effects)


def test_every_transition_is_drawn_from_one_of_its_states_to_its_target_or_the_box() -> None:
    for step in TASKS.transitions:
        if step.sources == (step.target,):
            continue
        ends = [end for source in step.sources for end in boxes_of(source)]
        ways = {(a, b, step.verb) for a, b in product(ends, boxes_of(step.target))}
        inside = {*step.sources, step.target} <= {"pending", "throttled", "paused", "toreassign"}
        assert DRAWN & ways or inside or len({*step.sources}) > 1 or is_left_out(step), step.verb


def is_left_out(step) -> bool:
    """Return whether a step reaches more states beside the boxes than are drawn."""
    reached = {one.target for one in TASKS.steps(step.verb)}
    return len(reached - {name for states in BOXES.values() for name in states}) >= 3


def test_no_arrow_leads_from_a_state_to_its_own_box() -> None:
    for source, target, verb in DRAWN:
        assert source not in BOXES.get(target, ()), verb
        assert target not in BOXES.get(source, ()), verb


def test_most_states_are_named_by_those_that_are_left_out() -> None:
    assert states_in_words(["running", "ready"]) == "ready, running"
    assert states_in_words(set(STATES) - {"done"}) == "any but done"
