"""The checklist of security names a test for each line, and each of these is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"^\|(?!---)(?! ASVS)(?! Attack).*\|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)` \|$")

pytestmark = pytest.mark.any_server


def test_each_line_has_a_test_that_is_there() -> None:
    lines = LINE.findall((ROOT / "docs/web_security.md").read_text())
    assert len(lines) > 30
    for line in lines:
        named = TEST.search(line)
        assert named, line
        assert f"def {named[2]}(" in (ROOT / named[1]).read_text(), line
