"""Patterns of files in parameters of tasks: which are followed, and which would take for ever."""

from __future__ import annotations

from typing import Any

import pytest

from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks.feeds.file_patterns import read_patterns


@pytest.mark.parametrize(
    "text",
    [
        "AOD.*root", r".*\.root(\.\d+)?$", "(AOD|ESD)._0*1", r"[(+*]+", r"\(a+\)+", "a{2,3}",
        "(?:_0001|_0002)", "(abc)+", r"\.log\.tgz(\.\d+)*$", "(?:_[a-z0-9]+)+$", "(x.?)?",
        "(?i)a*b", r"(?P<n>\.\d+)+", "(a*b)+", "[]+*)]+(x)*", "",
    ],
)  # fmt: skip
def test_patterns_that_match_at_once_are_followed(text: str) -> None:
    assert [one.pattern for one in read_patterns("include", text)] == text.split(",")


@pytest.mark.parametrize(
    "text",
    [
        "(a+)+$",
        "(.*)*x",
        "((a|b)c*)+",
        r"(_\w+)*$",
        "(.+x)*$",
        "(a|aa)+$",
        "([a-z]+){9}",
        "(?:a?)*b",
        r"x,(\w+\d)*$",
    ],
)
def test_a_repeated_group_with_repeats_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"include has the pattern .* repeats a group that"):
        read_patterns("include", text)


@pytest.mark.parametrize("given", [True, 0, None, [1], {}, "(", "a{99999999999}", "(" * 10_000])
def test_what_is_no_pattern_is_a_sentence(given: Any) -> None:
    with pytest.raises(InvalidValue, match="exclude"):
        read_patterns("exclude", given)
