"""The job controller does what jobflow-remote does: the judge's golden files, one test for each.

What is known to differ stands in the judge's `accepted.toml` and in `jobcontroller.toml` here.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.databases import render

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from pandadb.database import Database

JUDGE = Path(__file__).parents[3] / "shared" / "compat" / "jobcontroller"
OURS = Path(__file__).with_name("jobcontroller.toml")
FURTHER = Path(__file__).with_name("golden") / "jobcontroller"
"""Further scenarios, recorded by the judge from the unmodified jobflow-remote."""
FAST = ("life_replace_job", "lock_broken")
"""Lives and locks; the others take long together, and are the same on any server."""


def golden_files() -> list[Any]:
    others = [pytest.mark.slow, pytest.mark.any_server]
    return [
        pytest.param(one, id=one.stem, marks=[] if one.stem in FAST else others)
        for one in [*sorted(JUDGE.glob("golden/*.json")), *sorted(FURTHER.glob("*.json"))]
    ]


@pytest.fixture
def replay() -> Iterator[ModuleType]:
    """The judge, beside the project; other judges have modules of the same names."""
    if not (JUDGE / "replay.py").exists():
        pytest.skip(f"{JUDGE / 'replay.py'} is not here")
    names = ("replay", "frame")
    others = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    sys.path.insert(0, str(JUDGE))
    try:
        import replay

        yield replay
    finally:
        sys.path.remove(str(JUDGE))
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(others)


def accepted() -> list[dict[str, Any]]:
    texts = [(JUDGE / "accepted.toml").read_text(), OURS.read_text()]
    return [one for text in texts for one in tomllib.loads(text).get("difference", ())]


@pytest.mark.parametrize("path", golden_files())
def test_verbs_do_what_the_judge_recorded(
    path: Path, replay: ModuleType, database: Database
) -> None:
    from tests.compat.jobcontroller_adapter import Controller

    golden = json.loads(path.read_text())
    adapter = Controller(render(database.engine.url))
    missing = {step["op"] for step in golden["steps"] if not hasattr(adapter, step["op"])}
    assert not missing, f"ops without a method: {missing}"
    try:
        found = replay.compare(golden, replay.play(adapter, golden))
    finally:
        adapter.close()
    entries = [one for one in accepted() if one["class"] != "mistake"]
    new = [one for one in found if not any(one.fits(golden["name"], e) for e in entries)]
    assert not new, "\n".join(map(str, new))


def test_our_own_differences_are_none_of_flows_verbs_and_filters() -> None:
    entries = tomllib.loads(OURS.read_text())["difference"]
    assert {one["class"] for one in entries} <= {"upstream", "words"}
    assert all(one["reason"] for one in entries)
