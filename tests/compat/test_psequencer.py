"""Sequence files do what they did: golden files of the original psequencer.

Those beside the project are the judge's; those in `psequencer/` were recorded in the same way from
the original under Python 2.7. Each is played twice: by the subset of Python, and with all of
Python. What is known to differ stands in the judge's `accepted.toml` and in `psequencer.toml` here.
"""

from __future__ import annotations

import json
import os
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

pytestmark = pytest.mark.any_server

JUDGE = Path(__file__).parents[3] / "shared" / "compat" / "psequencer"
OURS = Path(__file__).with_name("psequencer.toml")
MORE = Path(__file__).with_name("psequencer")
COMMAND = [sys.executable, "-m", "pandadb", "sequence", "run"]
FAST = ("pop_with_state", "one_script_for_a_step", "python2_statements")
"""Mail, steps and language; all together take a minute."""
MODULES = ("replay", "judge", "mail")
INTERVAL = "0.002"
"""Minutes between two looks into the mailbox."""


def golden_files() -> list[Any]:
    return [
        pytest.param(one, id=one.stem, marks=[] if one.stem in FAST else pytest.mark.slow)
        for one in sorted([*JUDGE.glob("golden/*.json"), *MORE.glob("*.json")])
    ]


@pytest.fixture(scope="module")
def replay() -> Iterator[ModuleType]:
    """The judge, beside the project; other judges have modules of the same names."""
    if not (JUDGE / "replay.py").exists():
        pytest.skip(f"{JUDGE / 'replay.py'} is not here")
    others = {name: sys.modules.pop(name) for name in MODULES if name in sys.modules}
    sys.path.insert(0, str(JUDGE))
    try:
        import replay

        yield replay
    finally:
        sys.path.remove(str(JUDGE))
        for name in MODULES:
            sys.modules.pop(name, None)
        sys.modules.update(others)


def accepted() -> list[dict[str, Any]]:
    texts = [(JUDGE / "accepted.toml").read_text(), OURS.read_text()]
    return [one for text in texts for one in tomllib.loads(text).get("difference", ())]


@pytest.mark.filterwarnings(  # the judge forks beside its threads, and leaves pipes open
    "ignore:This process .* is multi-threaded:DeprecationWarning",
    "ignore:unclosed:ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)
@pytest.mark.parametrize("options", [(), ("--trust-python",)], ids=["subset", "all_of_python"])
@pytest.mark.parametrize("path", golden_files())
def test_a_sequence_does_what_it_did(
    path: Path, options: tuple[str, ...], replay: ModuleType
) -> None:
    golden = json.loads(path.read_text())
    scenario = golden["input"] | {"name": golden["name"]}
    seen, texts, _ = replay.judge.play(
        scenario, [*COMMAND, *options], dict(os.environ), INTERVAL, 0.5, limit=60, wait=10
    )
    entries = accepted()
    found = [
        (difference, replay.entry_for(entries, golden["name"], difference, seen))
        for difference in replay.compare(golden["observed"], seen, texts=texts)
    ]
    new = [str(one) for one, entry in found if entry is None or entry["class"] == "mistake"]
    assert not new, "\n".join([*new, *texts])


def test_our_own_differences_have_a_class_and_a_reason() -> None:
    entries = tomllib.loads(OURS.read_text())["difference"]
    assert {one["class"] for one in entries} <= {"upstream", "words"}
    assert all(one["reason"] for one in entries)
