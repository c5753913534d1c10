"""The page about states says all that the data says, and its diagram draws it."""

from __future__ import annotations

import re

import pytest

from pandadb.core.jobs.states import SET_STATE, STATES, TRANSITIONS
from pandadb.docs_pages import states_page

pytestmark = pytest.mark.any_server

PAGE = states_page.page()
ARROWS = [
    match.groups()
    for match in re.finditer(
        r"^ *(\S+) --> (\S+)(?: : (.+))?$", states_page.diagram(), re.MULTILINE
    )
]


@pytest.mark.parametrize("state", STATES.values(), ids=lambda state: state.name)
def test_every_state_has_a_row_and_is_drawn_with_its_table(state) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{state.name}`"))
    assert all(table.__tablename__.upper() in row for table in state.tables)
    assert row.endswith(f"| {'yes' if state.final else ''} | {state.meaning} |")
    assert ((state.name, "[*]", None) in ARROWS) == state.final
    table = state.tables[0].__tablename__
    assert re.search(rf"class \S*\b{state.name}\b\S* {table}$", PAGE, re.MULTILINE)


def test_every_transition_has_a_row() -> None:
    rows = PAGE.partition("## Transitions")[2]
    for step in TRANSITIONS:
        words = f"| `{step.verb}` | {', '.join(step.sources)} | {step.target} | {step.meaning} |"
        assert words in rows
        assert all(guard.words in rows for guard in step.guards)
        assert all(f"`{column}`" in rows for column in step.effects)


def test_every_transition_is_drawn_from_each_of_its_states_or_from_their_box() -> None:
    drawn = {
        (source, target, verb)
        for source, target, verbs in ARROWS
        if verbs
        for verb in verbs.split(", ")
    }
    for step in (one for one in TRANSITIONS if one.verb != SET_STATE):
        for source in {*step.sources} - {step.target}:
            ways = {
                (a, b, step.verb)
                for a in _boxes(source)
                for b in (step.target, states_page.WITH_PILOT)
            }
            assert drawn & ways, (step.verb, source, step.target)


def _boxes(name: str) -> tuple[str, ...]:
    return (name, states_page.WITH_PILOT, states_page.LIVE)
