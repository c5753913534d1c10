"""The comment of a reassignment: written, read, refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks.commands.reassignments import TARGETS, Reassignment, parse, text

NAMES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=10)


@given(st.sampled_from(TARGETS), NAMES, st.sampled_from([None, "soft", "nokill"]))
def test_a_target_is_read_as_it_was_written(column: str, name: str, mode: str | None) -> None:
    comment = text(**{column: name}, mode=mode)

    assert parse(comment) == Reassignment(column, name, back=column == "site")
    assert comment.endswith("" if mode is None else f"{mode} reassign")


@given(st.none() | st.text(st.characters(exclude_characters=":")))
def test_a_comment_without_a_target_has_none(comment: str | None) -> None:
    assert parse(comment) == Reassignment()


def test_a_target_of_another_name_is_a_site() -> None:
    found = parse("reassign to site:QUEUE_B:yes; nokill reassign")

    assert found == Reassignment("site", "QUEUE_B", back=False)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "one of site, cloud and nucleus"),
        ({"site": "A", "cloud": "B"}, "one of site, cloud and nucleus"),
        ({"site": "A", "mode": "hard"}, "soft or nokill, not 'hard'"),
        ({"site": "A:B"}, "cannot have a colon"),
        ({"cloud": "longer than ten"}, "cloud is too long"),
    ],
)
def test_a_wrong_target_is_refused(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidValue, match=sentence):
        text(**given)
