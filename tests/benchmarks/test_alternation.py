"""How benchmarks measure by turns, and what they make of it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmarks.alternation import Goal, Ratio, Report, Spread, alternate
from tests.databases import Server

pytestmark = pytest.mark.any_server

SPEED = Ratio("ours", "theirs")
SAMPLES = {"ours": [2.0, 6.0, 4.0], "theirs": [1.0, 2.0, 1.0]}


def test_each_round_takes_every_turn_and_begins_with_another() -> None:
    taken: list[str] = []

    def turn(name: str) -> dict[str, float]:
        taken.append(name)
        return {name: float(len(taken))}

    samples = alternate([lambda: turn("a"), lambda: turn("b"), lambda: turn("c")], rounds=2)

    assert "".join(taken) == "abcbcacab"
    assert samples == {"a": [6, 8], "b": [4, 9], "c": [5, 7]}  # the first round is not counted


def test_a_ratio_is_that_of_the_same_round() -> None:
    assert SPEED.of(SAMPLES) == Spread(2.0, 3.0, 4.0)


def test_what_was_not_measured_has_no_ratio_and_misses_its_goal() -> None:
    report = Report("it", "here", {"ours": [1.0]}, [SPEED], [Goal(SPEED, 1)])

    assert report.as_dict()["ratios"] == {}
    assert report.verdicts() == [
        {"name": "ours / theirs", "goal": "at least 1", "got": None, "ok": False}
    ]


def test_a_goal_is_a_bound_from_below_or_from_above() -> None:
    goals = [Goal(SPEED, 3), Goal(SPEED, 3.5), Goal(SPEED, 3, at_most=True)]
    report = Report("it", "here", SAMPLES, [SPEED], [*goals, Goal(SPEED, 2.5, at_most=True)])

    assert [goal["ok"] for goal in report.verdicts()] == [True, False, True, False]


@pytest.mark.slow
def test_a_benchmark_prints_one_object(server: Server, pytestconfig: pytest.Config) -> None:
    command = ["-m", "benchmarks", "move", "--quick", "--tiny", "--json", "--server"]
    done = subprocess.run(
        [sys.executable, *command, server.url],
        capture_output=True, text=True, check=True, cwd=pytestconfig.rootpath,
    )  # fmt: skip

    found = json.loads(done.stdout)

    assert (found["benchmark"], found["server"].split()[0]) == ("move", "PostgreSQL")
    assert found["ratios"].keys() >= {goal["name"] for goal in found["goals"]}
    for spread in found["ratios"].values():
        assert 0 < spread["min"] <= spread["median"] <= spread["max"]
    assert [goal.keys() for goal in found["goals"]] == [{"name", "goal", "got", "ok"}] * 6
