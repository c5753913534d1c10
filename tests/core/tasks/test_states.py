"""The transitions of tasks as data: whole, and with the states that semantics 3.1 to 3.3 name."""

from __future__ import annotations

import pytest

from pandadb.core.tasks.changes.status_changes import TASK
from pandadb.core.tasks.states import ACCEPTED_IN, CLOSED, STATES, TASKS


def test_a_transition_has_states_and_columns_that_exist(subtests: pytest.Subtests) -> None:
    columns = {column.name for column in TASK}
    for step in TASKS.transitions:
        with subtests.test(f"{step.verb} {step.target}"):
            assert {*step.sources, step.target} <= {*STATES}
            assert {*step.effects} <= columns


def test_every_state_is_reached_and_all_but_the_last_ones_are_left() -> None:
    reached = {step.target for step in TASKS.transitions}
    left = {name for step in TASKS.transitions for name in step.sources}

    assert reached == {*STATES}
    assert {*STATES} - left == {"broken"}


def test_a_closed_task_takes_no_command_that_would_end_it() -> None:
    assert not {*ACCEPTED_IN["kill"]} & {*CLOSED}
    assert ACCEPTED_IN["kill"] == ACCEPTED_IN["finish"]


def test_a_final_task_is_only_left_by_a_retry_or_a_reassignment() -> None:
    final = {name for name, state in STATES.items() if state.final}
    verbs = {step.verb for step in TASKS.transitions if final & {*step.sources}}

    assert verbs == {"retry", "incexec", "reassign", "retry child"}
