"""Modules and folders that the pages name exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.any_server

HOME = Path(__file__).parents[1]
PLACE = re.compile(r"`((?:cli|core|services|models|database|migrating|docs_pages|demo)/[\w/.]*)`")
NAMED = [
    (page.name, place)
    for page in sorted((HOME / "docs").glob("*.md"))
    for place in sorted(set(PLACE.findall(page.read_text())))
]


def test_a_named_module_exists(subtests: pytest.Subtests) -> None:
    for page, place in NAMED:
        found = HOME / "src" / "pandadb" / place
        with subtests.test(page, place=place):
            assert found.is_dir() if place.endswith("/") else found.is_file()


def test_the_walks_name_modules() -> None:
    assert len([place for page, place in NAMED if page == "architecture.md"]) > 20
