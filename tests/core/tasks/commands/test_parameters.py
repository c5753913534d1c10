"""Parameters of tasks that incexec changes: pure rules, and what comments can have."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks.commands.parameters import changed, parse

NAMES = st.sampled_from(["nFiles", "site", "maxAttempt", "cloud", "note"])
VALUES = st.none() | st.integers() | st.text(max_size=5)
PARAMS = st.dictionaries(NAMES, VALUES)


@given(PARAMS, PARAMS)
def test_changes_are_set_and_null_takes_a_parameter_away(
    params: dict[str, Any], changes: dict[str, Any]
) -> None:
    new = changed(params, changes)

    for name, value in changes.items():
        assert (name in new) == (value is not None)
        assert new.get(name) == value
    kept = {name: value for name, value in params.items() if name not in changes}
    assert {name: value for name, value in new.items() if name not in changes} == kept


@given(PARAMS, st.lists(st.text(max_size=5), max_size=3))
def test_a_comment_is_read_as_it_was_written(changes: dict[str, Any], words: list[str]) -> None:
    assert parse(json.dumps(changes)) == (changes, [])
    assert parse(json.dumps([changes, words])) == (changes, words)


@pytest.mark.parametrize("comment", [None, "", "incexec by somebody", "again, please"])
def test_words_change_no_parameter(comment: str | None) -> None:
    assert parse(comment) == (None, [])


@pytest.mark.parametrize("comment", ['{"a": ', "[1, 2]", '[{}, "keep"]', "[{}]", '[[], ["a"]]'])
def test_a_broken_comment_is_refused(comment: str) -> None:
    with pytest.raises(InvalidValue, match="parameters of incexec are"):
        parse(comment)


def test_a_new_sandbox_goes_to_jobs_builds_and_merges() -> None:
    params = {
        "fixedSandbox": "old.tar",
        "jobParameters": [
            {"type": "constant", "value": "-a old.tar"},
            {"type": "constant", "value": "-a old.tar -b"},
            {"type": "template", "value": "-a old.tar"},
        ],
        "buildSpec": {"archiveName": "old.tar", "prodSourceLabel": "panda"},
        "mergeSpec": {"jobParameters": "-r . -a old.tar -o x"},
    }

    new = changed(params, {"fixedSandbox": "new.tar"})

    values = [one["value"] for one in new["jobParameters"]]
    assert values == ["-a new.tar", "-a old.tar -b", "-a old.tar"]
    assert new["buildSpec"] == {"archiveName": "new.tar", "prodSourceLabel": "panda"}
    assert new["mergeSpec"] == {"jobParameters": "-r . -a new.tar -o x"}


def test_the_sandbox_of_an_earlier_attempt_is_forgotten() -> None:
    assert changed({"fixedSandbox": "old.tar", "nFiles": 1}, {}) == {"nFiles": 1}


def test_a_merge_without_a_text_of_parameters_is_left_by_a_new_sandbox() -> None:
    params = {"mergeSpec": {"jobParameters": [1]}}
    assert changed(params, {"fixedSandbox": "new"}) == {**params, "fixedSandbox": "new"}


def test_parameters_that_are_nested_too_deeply_are_refused() -> None:
    with pytest.raises(InvalidValue, match="parameters of incexec are no JSON"):
        parse("[" * 100_000)
