"""The table of docs/controller.md: each method of jobflow-remote has a counterpart that exists."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pandadb.controller.flow_controller
from pandadb.controller import JobController
from pandadb.core.queue.verbs.standings import MEANINGS, Standing, verbs_of

PAGE = Path(__file__).parents[2] / "docs" / "controller.md"
OWNERS = {
    "JobController": JobController,
    "FlowController": pandadb.controller.flow_controller.FlowController,
}
NONE = ("ping_flow_doc", "compact")
"""Methods that nobody needs."""


def rows(heading: str) -> list[list[str]]:
    part = PAGE.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def exists(name: str) -> bool:
    """Return whether there is a thing of that name: of a class, or of a module of pandadb."""
    first, _, rest = name.removesuffix("(database)").partition(".")
    if first in OWNERS:
        return not rest or callable(getattr(OWNERS[first], rest, None))
    if first in ("JobFilter", "Database"):
        return True
    module, _, last = f"pandadb.{name}".rpartition(".")
    return hasattr(import_module(module), last)


def test_each_method_has_a_counterpart_that_exists() -> None:
    found = {row[0].strip("`"): row[1] for row in rows("Methods of jobflow-remote")}
    assert len(found) == 63
    for method, counterpart in found.items():
        names = re.findall(r"`([^`]+)`", counterpart)
        assert bool(names) != (method in NONE), method
        assert all(exists(name) for name in names), f"{method}: {counterpart}"


def test_the_states_and_their_verbs_are_those_of_the_matrix() -> None:
    table = rows("States and verbs")
    assert [row[0] for row in table] == [*Standing]
    for row in table:
        state = Standing(row[0])
        assert row[2] == MEANINGS[state]
        assert row[3].split(", ") == verbs_of(state)


def test_about_twenty_names_cover_all_of_them() -> None:
    names = [name for name in dir(JobController) if not name.startswith("_")]
    assert 20 <= len(names) <= 25
