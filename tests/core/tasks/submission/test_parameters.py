"""The shape of a task in JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pandadb.core.tasks.submission.parameters import (
    InvalidTask,
    check_items,
    fitted,
    read_parameters,
)
from pandadb.errors import InvalidInput
from pandadb.models import JediTasks

TASK = {"taskName": "t", "vo": "wlcg", "prodSourceLabel": "user"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("{", "this is not JSON"),
        ("[" * 100_000, "this is not JSON: it is nested too deeply"),
        ('{"vo": 1, "vo": 2}', "this is not JSON: 'vo' is there twice in one object"),
        ('{"walltime": NaN}', "this is not JSON: NaN is no number"),
        ("[1]", r"a task is a JSON object, not \[1\]"),
        ('"task"', "a task is a JSON object"),
        ("{}", "taskName is missing: it has to be text"),
        (json.dumps({**TASK, "vo": 1}), "vo has to be text, not 1"),
        (json.dumps({**TASK, "taskName": ""}), "taskName has to be text"),
        (json.dumps({**TASK, "jobParameters": "-x"}), "jobParameters has to be a list of objects"),
        (json.dumps({**TASK, "jobParameters": ["-x"]}), "list of objects: number 1 is '-x'"),
        (json.dumps({**TASK, "log": 1}), "log has to be an object, not 1"),
        (json.dumps({**TASK, "taskName": "a\0"}), "taskName cannot have a NUL character"),
        (json.dumps({**TASK, "site": "a\0"}), "site cannot have a NUL character"),
        (json.dumps({**TASK, "x": [{"site": "\udcff"}]}), "site "),
        (json.dumps({**TASK, "x": [{"a\0": 1}]}), "a name in the parameters cannot have a NUL"),
    ],
)
def test_what_is_no_task_is_refused_with_its_mistake(given: str, words: str) -> None:
    with pytest.raises(InvalidTask, match=words) as caught:
        read_parameters(given)
    assert isinstance(caught.value, InvalidInput)


def test_unknown_parameters_are_kept() -> None:
    task = {**TASK, "later": {"x": [1]}, "log": {"type": "template"}}
    assert read_parameters(json.dumps(task)) == task


def test_items_are_checked_each_by_itself() -> None:
    check_items([{"type": "constant", "value": 1, "later": True}])
    with pytest.raises(InvalidTask, match="parameter 2 of 2: type is missing"):
        check_items([{"type": "constant"}, {"value": "x"}])
    with pytest.raises(InvalidTask, match="parameter 1 of 1: offset has to be a whole number"):
        check_items([{"type": "template", "offset": "1"}])


@pytest.mark.parametrize(
    ("column", "value", "wanted"),
    [
        ("corecount", "8", 8),
        ("corecount", " 8 ", 8),
        ("corecount", 7.5, 8),
        ("corecount", "8x", "8x"),
        ("corecount", True, True),
        ("campaign", 23, "23"),
        ("campaign", "MC", "MC"),
        ("campaign", [1], [1]),
    ],
)
def test_values_are_fitted_to_their_columns(column: str, value: Any, wanted: Any) -> None:
    assert fitted(JediTasks.__table__.c[column].type, value) == wanted


def test_a_text_of_thousands_of_digits_stays_a_text() -> None:
    assert fitted(JediTasks.__table__.c.corecount.type, "9" * 5000) == "9" * 5000
