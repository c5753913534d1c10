"""The gateway does what the autoreduction service does: the judge's golden files, and more.

Those in `golden/autoreduction` were recorded from the same originals in the same way.

What is known to differ stands in the judge's `accepted.toml` and in `autoreduction.toml` here.
"""

from __future__ import annotations

import json
import os
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

JUDGE = Path(__file__).parents[3] / "shared" / "compat" / "autoreduction"
OURS = Path(__file__).with_name("autoreduction.toml")
MORE = Path(__file__).parent / "golden" / "autoreduction"
FAST = ("worker_cancel", "run_again", "chain_held", "keys_null")
"""One or more of each generation; the others take long together."""


def golden_files() -> list[Any]:
    others = [pytest.mark.slow, pytest.mark.any_server]
    return [
        pytest.param(one, id=one.stem, marks=[] if one.stem in FAST else others)
        for one in (*sorted(JUDGE.glob("golden/*.json")), *sorted(MORE.glob("*.json")))
    ]


@pytest.fixture
def judge() -> Iterator[tuple[ModuleType, ModuleType]]:
    """The judge's modules, beside the project; other judges have modules of the same names."""
    if not (JUDGE / "replay.py").exists():
        pytest.skip(f"{JUDGE / 'replay.py'} is not here")
    names = ("replay", "frame")
    others = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    sys.path.insert(0, str(JUDGE))
    try:
        import frame
        import replay

        yield replay, frame
    finally:
        sys.path.remove(str(JUDGE))
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(others)


def entries(kind: str) -> list[dict[str, Any]]:
    texts = [(JUDGE / "accepted.toml").read_text(), OURS.read_text()]
    return [one for text in texts for one in tomllib.loads(text).get(kind, ())]


def is_raised(step: dict[str, Any]) -> bool:
    return isinstance(step["answer"], dict) and "exception" in step["answer"]


@pytest.mark.parametrize("path", golden_files())
def test_the_gateway_does_what_the_judge_recorded(
    path: Path, judge: tuple[ModuleType, ModuleType], database: Database, tmp_path: Path
) -> None:
    from tests.compat.autoreduction_adapter import Gateway

    replay, frame = judge
    golden = json.loads(path.read_text())
    adapter = Gateway(render(database.engine.url), os.path.realpath(tmp_path))
    missing = {step["op"] for step in golden["steps"] if step["op"] not in dir(adapter)}
    assert missing <= {"write_file", "remove_file"}, f"ops without a method: {missing}"
    try:
        player = frame.Play(adapter, os.path.realpath(tmp_path))
        player.prepare(golden["generation"], golden["given"])
        played = [player.step(step["op"], step["args"]) for step in golden["steps"]]
    finally:
        adapter.close()
    steps = json.loads(json.dumps([{"answer": one, "seen": seen} for one, seen in played]))
    raised = [
        one["answer"]
        for one, want in zip(steps, golden["steps"], strict=True)
        if is_raised(one) and not is_raised(want)
    ]
    assert not raised
    found = replay.compare(golden, steps)
    known = [one for one in entries("difference") if one["class"] != "mistake"]
    new = [one for one in found if not any(one.fits(golden["name"], e) for e in known)]
    new += replay.wanted(golden["name"], steps, entries("wanted"))
    assert not new, "\n".join(map(str, new))


def test_our_own_differences_have_reasons() -> None:
    ours = tomllib.loads(OURS.read_text())["difference"]
    assert {one["class"] for one in ours} <= {"upstream", "words"}
    assert all(one["reason"] for one in ours)
