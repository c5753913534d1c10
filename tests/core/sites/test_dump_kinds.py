"""JSON of dumps: what is no dump is a sentence that names the place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pandadb.core.sites.dumps.dump_kinds import DumpKind, read_dumps, read_json
from pandadb.core.sites.dumps.shapes import shaped
from pandadb.core.sql.validation import InvalidValue
from tests.site_dumps import dumps

pytestmark = pytest.mark.any_server


def test_dumps_are_read_by_kind() -> None:
    assert read_dumps(json.dumps(dumps("A"))) == dumps("A")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "f is no JSON: Expecting value"),
        ('{"sites": {"A": ', "f is no JSON: Expecting value"),
        ("[1]", r"f is an object of dumps \(sites, .*\), not \[1\]"),
        ('{"site": {}}', "f: 'site' is no kind of dump: is it sites"),
        ('{"tags": {"A": NaN}}', "f is no JSON: NaN is no number"),
        ("[" * 100_000, "f is no JSON"),
        ('{"tags": ' + "9" * 5000 + "}", "f is no JSON"),
        ('{"tags": {"A\\u0000": []}}', "f has a NUL character in a text"),
        ('{"tags": {"\\ud800": []}}', "f has half a character"),
        ('{"tags": {"A": "\0"}}', "f is no JSON: Invalid control character"),
    ],
)
def test_what_is_no_dump_is_a_sentence(text: str, words: str) -> None:
    with pytest.raises(InvalidValue, match=words):
        read_dumps(text, "f")


def test_characters_that_postgresql_takes_are_read() -> None:
    text = json.dumps({"smile": "😀", "no NUL": "\\u0000"})
    assert read_json(text, "f") == {"smile": "😀", "no NUL": "\\u0000"}


@pytest.mark.parametrize(
    ("kind", "dump", "words"),
    [
        (DumpKind.SITES, [], r"^sites has to be a valid dictionary, not \[\]"),
        (DumpKind.SITES, {"A": {}}, "^sites, A, state is missing"),
        (DumpKind.SITES, {"x" * 10_000: 3}, "^sites, x{60}… has to be .*, not 3$"),
        (DumpKind.DDM_ENDPOINTS, {"D": {"state": 5}}, "^ddmendpoints, D, state has to be .*not 5"),
        (DumpKind.PANDA_QUEUES, {"Q": {"panda_resource": None}}, "a valid string, not None"),
        (DumpKind.RSE_USAGE, {"D": {"storage": {"used": "many"}}}, "rse_usage, D, storage, used"),
        (DumpKind.BLACKLIST_WRITE, "D", "blacklist_write"),
        (DumpKind.SITE_STATS, {"A": {"n": 1.5}}, "site_stats, A, n has to be a valid integer"),
        (DumpKind.COST_MATRIX, {}, "cost_matrix has to be a valid list"),
    ],
)
def test_a_dump_of_another_shape_is_a_sentence(kind: DumpKind, dump: Any, words: str) -> None:
    with pytest.raises(InvalidValue, match=words) as refused:
        shaped({kind: dump}, kind)
    assert len(str(refused.value)) < 500
