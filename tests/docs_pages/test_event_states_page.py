"""The page about states of ranges of events has all of the data."""

from __future__ import annotations

import pytest

from pandadb.core.events.states import EventStatus
from pandadb.core.events.transitions import MACHINE, STATES, TRANSITIONS
from pandadb.docs_pages import event_states_page
from pandadb.docs_pages.event_states_page import sources_in_words

pytestmark = pytest.mark.any_server

PAGE = event_states_page.page()
RESERVED = {EventStatus.RESERVED_FAIL, EventStatus.RESERVED_GET}


def test_every_state_has_its_number() -> None:
    assert {*STATES} == {status.word for status in EventStatus if status not in RESERVED}
    for name, state in STATES.items():
        number = EventStatus[name.upper()].value
        assert f"| `{name}` | {number} | {'yes' if state.final else ''} |" in PAGE


def test_every_transition_has_a_row() -> None:
    for step in TRANSITIONS:
        assert f"| `{step.verb}` | {sources_in_words(step.sources)} | {step.target} |" in PAGE
    assert {*MACHINE.verbs} == {step.verb for step in TRANSITIONS}


def test_a_range_takes_one_step_of_a_verb() -> None:
    for verb in MACHINE.verbs:
        seen = set()
        for step in MACHINE.steps(verb) if verb != "report" else ():
            key = {(source, step.guards) for source in step.sources}
            assert not key & seen
            seen |= key


def test_the_diagram_leads_from_submission_to_every_live_state() -> None:
    drawn = event_states_page.diagram()

    assert "[*] --> ready : submit" in drawn
    for arrow in ("ready --> sent : take", "finished --> done : end", "sent --> ready : end"):
        assert arrow in drawn
