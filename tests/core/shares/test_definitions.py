"""Files of shares: read, or refused with a sentence that names the share."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.shares import definitions
from pandadb.core.shares.definitions import InvalidShares
from pandadb.demo import examples
from tests.share_rows import share_row

A, B = {"name": "A", "value": 60}, {"name": "B", "value": 40}


def check(shares: list[dict[str, Any]]) -> None:
    definitions.check(shares)
    rows = [{**share_row("", 0), **share} for share in shares]
    definitions.check_tree(rows, {7: "queue"})


def test_children_have_their_parent_in_either_format() -> None:
    nested = json.dumps([{**A, "children": [{"name": "A1", "value": 1}]}, B])
    plain = "- {name: A, value: 60}\n- {name: A1, value: 1, parent: A}\n- {name: B, value: 40}"
    as_object = json.dumps({"shares": json.loads(nested)})

    wanted = [A, {"name": "A1", "value": 1, "parent": "A"}, B]
    assert definitions.parse(nested) == definitions.parse(plain) == wanted
    assert definitions.parse(as_object) == wanted


def test_the_example_is_a_tree() -> None:
    check(definitions.parse((examples.home() / "shares.yaml").read_text()))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "have to be a list, not None"),
        ("[]", "there are no shares"),
        ("[", "the text is not JSON"),
        ('[{"name": "A", "value": 6', "the text is not JSON"),
        ("- name: A\n  value: [1", "the text is not YAML"),
        ("\0", "the text is not YAML"),
        ("just words", "have to be a list, not 'just words'"),
        ("12", "have to be a list, not 12"),
        ('{"name": "A"}', "have to be a list"),
        ("[1, 2]", "a share has to be an object, not 1"),
        ('[{"name": "A", "value": 1, "children": 5}]', "have to be a list, not 5"),
        ("- &a {name: A, value: 1}\n- *a", "aliases are not supported"),
        ("[" * 100_000, "nested too deeply"),
        ("- !!python/object/apply:os.system ['false']", "the text is not YAML"),
        (json.dumps([{**A, "children": [{**B, "parent": "C"}]}]), "names another parent: 'C'"),
    ],
)
def test_a_text_without_shares_is_a_sentence(text: str, words: str) -> None:
    with pytest.raises(InvalidShares) as refused:
        definitions.parse(text)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ([{"value": 1}], "share number 1: it has no name"),
        ([{"name": "A"}], "share 'A': it has no value"),
        ([A, A], "share 'A' is there 2 times"),
        ([{**A, "name": "x" * 10_000}], "name is too long: 10000 characters, 32 fit"),
        ([{**A, "name": "a\0b"}], "cannot have a NUL character"),
        ([{**A, "name": 5}], "share number 1: name has to be text, not 5"),
        ([{**A, "name": " "}], "its name is empty"),
        ([{**A, "name": "root"}], "the name is pandadb's own"),
        ([{**A, "value": "60"}], "value has to be a whole number, not '60'"),
        ([{**A, "value": 59.5}], "value has to be a whole number"),
        ([{**A, "value": True}], "value has to be a whole number"),
        ([{**A, "value": None}], "value has to have a value"),
        ([{**A, "value": 101}], "value has to be from 0 to 100 per cent, not 101"),
        ([{**A, "value": -1}], "value has to be from 0 to 100 per cent, not -1"),
        ([{**A, "value": 10**30}], "is too large"),
        ([{**A, "parent": "Z"}, B], "share 'A' has the parent 'Z', which is no share"),
        ([{**A, "parent": "A"}, B], "share 'A' is below itself: A → A"),
        ([{**A, "parent": "B"}, {**B, "parent": "A"}], "is below itself"),
        ([{**A, "value": 0}], "the shares at the top have no value above 0"),
        ([A, {**B, "value": 0, "parent": "A"}], "the shares below 'A' have no value above 0"),
        ([{**A, "workinggroup": "("}], "workinggroup has '(', which is no pattern"),
        ([{**A, "throttled": "X"}], "throttled is Y or N, not 'X'"),
        ([{**A, "queue_id": 7}], "has the queue_id 7 of work queue 'queue'"),
        ([{**A, "queue_id": 8}, {**B, "queue_id": 8}], "has the queue_id 8 of another share"),
        ([{**A, "prodlabel": "x"}], "has no column 'prodlabel'"),
        ([{**A, "workinggroup": ["x"]}], "workinggroup has to be text"),
    ],
)  # fmt: skip
def test_a_share_that_cannot_be_is_named(shares: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(InvalidShares) as refused:
        check(shares)
    assert words in str(refused.value)
    assert len(str(refused.value)) < 500


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)
SHARES = st.dictionaries(st.sampled_from([*definitions.COLUMNS, "children", "x"]), ODD, max_size=6)


@given(st.lists(SHARES | ODD, max_size=4))
def test_any_json_is_a_tree_or_refused(shares: list[Any]) -> None:
    with suppress(InvalidShares):
        check(definitions.parse(json.dumps(shares)))


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(InvalidShares):
        check(definitions.parse(text))
