"""The final state of a task, as a rule over its datasets: semantics 3.5."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.tasks.ending import final_states
from pandadb.core.tasks.ending.final_states import Ending, completeness, final_state, is_exhausted


def dataset(**columns: Any) -> Any:
    usual = {
        "type": "input", "masterid": None, "status": "finished", "state": "closed", "nfiles": 0,
        "nfilesfinished": 0, "nevents": None, "neventsused": None,
    }  # fmt: skip
    return SimpleNamespace(**{**usual, **columns})


def ending(datasets: list[Any], parent: str | None = None, **columns: Any) -> Ending:
    usual = {
        "jeditaskid": 2, "parent_tid": 1 if parent else None, "status": "prepared", "goal": None,
        "splitrule": None,
    }  # fmt: skip
    task = cast("Any", SimpleNamespace(**{**usual, **columns}))
    return Ending(task, datasets, parent)


datasets = st.lists(
    st.builds(
        lambda files, finished, kind, master: dataset(
            nfiles=files, nfilesfinished=min(files, finished), type=kind, masterid=master
        ),
        st.integers(0, 20),
        st.integers(0, 20),
        st.sampled_from(["input", "pseudo_input", "output", "trn_log"]),
        st.sampled_from([None, None, 7]),
    ),
    max_size=5,
)


@given(datasets)
def test_a_task_is_done_if_and_only_if_all_its_input_succeeded(rows: list[Any]) -> None:
    masters = [row for row in rows if final_states.is_master_input(row)]
    files = sum(row.nfiles for row in masters)
    finished = sum(row.nfilesfinished for row in masters)

    state = final_state(ending(rows)).status

    assert (state == "done") is (files == finished > 0)
    assert (state == "failed") is (finished == 0)
    assert state in ("done", "finished", "failed")


@given(datasets, st.sampled_from(["done", "failed", "running", "broken", "finished"]))
def test_a_parent_never_makes_more_of_a_task(rows: list[Any], parent: str) -> None:
    order = ["failed", "finished", "done"]
    alone, below = (final_state(ending(rows, one)).status for one in (None, parent))

    assert order.index(below) <= order.index(alone)


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_a_task_that_must_reach_its_goal_fails_below_it(goal: int, used: int) -> None:
    half = dataset(nfiles=2, nfilesfinished=1, nevents=1000, neventsused=used)

    state = final_state(ending([half], splitrule="FG=1", goal=goal)).status

    assert state == ("failed" if used < goal else "finished")


@pytest.mark.parametrize(
    ("rows", "share"),
    [
        ([], 0),
        ([dataset(nfiles=4, nfilesfinished=1)], 250),
        ([dataset(nfiles=4, nfilesfinished=1, nevents=100, neventsused=90)], 900),
        ([dataset(nfiles=4, nfilesfinished=1, nevents=0, neventsused=0)], 250),
    ],
)
def test_completeness_is_that_of_events_or_else_of_files(rows: list[Any], share: float) -> None:
    assert completeness(rows) == share


def test_removed_input_and_counters_without_a_value_do_not_count() -> None:
    rows = [
        dataset(nfiles=1, nfilesfinished=1),
        dataset(nfiles=9, status="removed"),
        dataset(nfiles=None, nfilesfinished=None),
    ]

    assert final_state(ending(rows)).status == "done"


@pytest.mark.parametrize(
    ("status", "state"), [("tobroken", "broken"), ("toabort", "aborted"), ("paused", "paused")]
)
def test_some_states_decide_whatever_has_succeeded(status: str, state: str) -> None:
    whole = dataset(nfiles=1, nfilesfinished=1)

    assert final_state(ending([whole], status=status)).status == state


@pytest.mark.parametrize(
    ("parent", "cause"), [(None, "it was not complete"), ("running", "its parent was not complete")]
)
def test_the_reason_of_exhaustion_is_the_task_or_its_parent(parent: str | None, cause: str) -> None:
    finished = 1 if parent is None else 2
    rows = [dataset(nfiles=2, nfilesfinished=finished)]

    state = is_exhausted(ending(rows, parent, splitrule="UX=1"))

    assert state is not None
    assert cause in (state.reason or "")


@pytest.mark.parametrize(
    ("kind", "files", "finished", "task", "state"),
    [
        ("output", 2, 1, "finished", "finished"),
        ("output", 2, 2, "finished", "done"),
        ("output", 2, 0, "finished", "done"),
        ("lib", 1, 1, "done", "done"),
        ("trn_log", 2, 1, "finished", "done"),
        ("tmpl_trn_log", 0, 0, "done", "done"),
        ("input", 2, 1, "finished", None),
        ("input", 2, 1, "aborted", "failed"),
        ("output", 2, 2, "broken", "failed"),
    ],
)
def test_datasets_end_with_their_task(
    kind: str, files: int, finished: int, task: str, state: str | None
) -> None:
    row = dataset(type=kind, nfiles=files, nfilesfinished=finished)

    assert final_states.of_dataset(row, task) == state
