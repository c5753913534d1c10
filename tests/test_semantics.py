"""docs/semantics.md has a heading for each rule that the code cites."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]
ONE = r"\d+(?:\.\d+)?(?: \([^)]*\))?"
CITED = re.compile(rf"[Ss]emantics ({ONE}(?:(?:, | and | to ){ONE})*)")
GENERATION = re.compile(r"[Jj]ob generation (\d(?:(?:, | and | to )\d)*)")
NUMBER = re.compile(r"\b\d+(?:\.\d+)?\b")


def citations(cited: re.Pattern[str] = CITED) -> set[str]:
    """Return the numbers cited in the source, its tests, and the revisions."""
    found = set()
    for folder in ("src", "tests", "migrations", "benchmarks"):
        for module in (HOME / folder).rglob("*.py"):
            for numbers in cited.findall(re.sub(r"\n\s*", " ", module.read_text())):
                found.update(NUMBER.findall(numbers))
    return found


def test_some_rules_are_cited() -> None:
    assert {"1.4", "2.8", "2.14", "4.4", "7.4", "10"} <= citations()


def test_a_cited_rule_has_a_heading(subtests: pytest.Subtests) -> None:
    page = (HOME / "docs" / "semantics.md").read_text()

    for number in sorted(citations()):
        with subtests.test(number):
            assert re.search(rf"^##+ {re.escape(number)} ", page, re.MULTILINE)


def test_a_cited_rule_of_job_generation_has_a_heading(subtests: pytest.Subtests) -> None:
    page = (HOME / "docs" / "semantics.md").read_text()

    for number in sorted(citations(GENERATION)):
        with subtests.test(number):
            assert f"\n### Job generation {number}: " in page
