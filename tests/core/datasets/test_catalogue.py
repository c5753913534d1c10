"""A catalogue in JSON: what it has, and what is wrong with it."""

from __future__ import annotations

import pytest

from pandadb.core.datasets.catalogue import CatalogueFile, Listing, read_catalogue
from pandadb.core.sql.validation import InvalidValue


def test_files_of_a_dataset_are_listed() -> None:
    found = read_catalogue('{"scope:in": {"state": "open", "files": [{"lfn": "a", "events": 3}]}}')
    assert found.list_files("scope:in") == Listing([CatalogueFile("a", events=3)], "open")
    assert found.list_files("scope:other") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "no JSON"),
        ("[]", "an object of datasets"),
        ('{"d": []}', "dataset 'd': an object with a list of files"),
        ('{"d": {"state": "ajar"}}', "its state is open or closed, not 'ajar'"),
        ('{"d": {"files": [{"guid": "g"}]}}', "dataset 'd', file 1: an object with an lfn"),
        ('{"d": {"files": [{"lfn": "a", "size": 1}]}}', "unknown field 'size': is it fsize?"),
        ('{"d": {"files": [{"lfn": "a", "events": "3"}]}}', "file 1: events has to be a whole"),
        ('{"d": {"files": [{"lfn": "a", "scope": "%s"}]}}' % ("s" * 31), "scope is too long"),
        ('{"d": {"file": []}}', "dataset 'd': unknown field 'file': is it files?"),
        ('{"d": {"files": []}, "d": {"files": []}}', "'d' is there twice in one object"),
        ('{"d": {"files": [{"lfn": "a", "events": -1}]}}', "events has to be a number from 0 on"),
        ("[" * 100_000, "the catalogue is no JSON"),
    ],
)
def test_a_wrong_catalogue_is_refused_by_name(text: str, words: str) -> None:
    with pytest.raises(InvalidValue, match=words):
        read_catalogue(text)
