"""Runs and variables from the command line: listed, shown, cancelled, done again, removed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pandadb.services import gateway, queue
from tests.cli.test_commands import run
from tests.databases import render
from tests.gateway.sites import Site

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.database import Database

pytestmark = pytest.mark.any_server
VARIABLES = 'standard_vars = {"width": 5, "names": ["a"]}\nadvanced_vars = {"deep": True}\n'


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    made = Site(database, tmp_path)
    made.script("def main(a, b):\n    pass\n", VARIABLES)
    return made


class Shell:
    """Commands of the gateway with the settings of a site."""

    def __init__(self, site: Site) -> None:
        self._url = render(site.database.engine.url)
        self._config = site.folder / "gateway.toml"
        rules = f'[folders]\nroot = "{site.folder}"\n[reduction]\nqueue = "demo"\n'
        self._config.write_text(rules)

    def __call__(self, *words: str, config: bool = False) -> tuple[int, str, str]:
        given = (*words, "--config", str(self._config)) if config else words
        done = run("gateway", *given, url=self._url)
        assert "Traceback" not in done.stderr
        errors = [line for line in done.stderr.splitlines() if not line.startswith("Database:")]
        return done.returncode, done.stdout, "\n".join(errors)

    def json(self, *words: str, **options: bool) -> Any:
        code, out, err = self(*words, "--json", **options)
        assert code == 0, err
        return json.loads(out)


def test_runs_are_listed_the_newest_first_and_shown_with_versions_and_logs(site: Site) -> None:
    shell = Shell(site)
    for number in (101, 102, 103):
        site.deliver(site.ready(number))
    site.deliver(site.ready(101))
    gateway.set_instrument(site.database, "WISH", is_paused=True)
    site.deliver(site.ready(104))

    listed = shell.json("runs", "list", "--instrument", "wish")
    page = shell("runs", "list", "--limit", "2")
    rest = shell.json("runs", "list", "--before", "4")
    skipped = shell.json("runs", "list", "--state", "skipped")
    shown = shell.json("runs", "show", "WISH", "101")
    first = shell("runs", "show", "WISH", "101", "--run-version", "0", "--script")

    assert [(one["run_number"], one["run_version"]) for one in listed] == [
        (104, 0), (101, 1), (103, 0), (102, 0), (101, 0),
    ]  # fmt: skip
    assert "There may be more: --before 4" in page[1]
    assert [one["run_id"] for one in rest] == [3, 2, 1]
    assert [one["run_number"] for one in skipped] == [104]
    assert (shown["run_version"], [one["run_version"] for one in shown["versions"]]) == (1, [0, 1])
    assert shown["variables"]["standard_vars"]["width"] == ["number", "5"]
    assert "standard_vars width: 5 (number)" in first[1]
    assert "def main(a, b):" in first[1]


def test_what_is_no_run_is_answered_by_a_sentence(site: Site) -> None:
    shell = Shell(site)
    site.deliver(site.ready(101))
    site.deliver(site.ready(101, rb_number=7654321))
    wrong = {
        ("runs", "show", "WISH", "9"): "There is no record of run 9 of WISH",
        ("runs", "show", "WISH", "101"): "has the RB numbers 1234567, 7654321: name one",
        ("runs", "show", "WISH", "101", "--rb", "1234567", "--run-version", "7"): "and no 7",
        ("runs", "list", "--state", "gone"): "Queued, Processing, Completed, Error, Skipped",
        ("runs", "list", "--instrument", "../x"): "The name of an instrument has letters",
        ("runs", "cancel", "WISH", "9"): "There is no record of run 9 of WISH",
        ("runs", "submit", "WISH", "9"): "The data of run 9 of WISH are not known",
        ("runs", "submit", "WISH", "9", "8"): "The runs 9 to 8 are no range",
        ("runs", "submit", "WISH", "9", "--rb", "1"): "--data and --rb belong together",
        ("runs", "remove", "WISH", "9", "8", "--yes"): "The runs 9 to 8 are no range",
        ("runs", "rerun", "WISH", "101", "--rb", "1234567", "--variable", "x"): "write name=value",
        ("runs", "rerun", "WISH", "101", "--rb", "1234567", "--variable", "x=1"): "variable 'x'",
        ("variables", "set", "WISH", "width=5"): "give --from-run or --rb",
    }
    for words, sentence in wrong.items():
        code, out, err = shell(*words)
        assert (code, out) == (2, ""), words
        assert sentence in err
    code, _, err = shell("variables", "set", "WISH", "w=1", "--from-run", "1", config=True)
    assert (code, "reduce_vars.py has no variable 'w'" in err) == (2, True)
    code, _, err = shell("variables", "set", "WISH", "width=x", "--from-run", "1", config=True)
    assert (code, "width has to be a number" in err) == (2, True)


def test_a_run_is_cancelled_and_done_again_with_other_variables(site: Site) -> None:
    shell = Shell(site)
    site.deliver(site.ready(101))
    tried = shell("runs", "cancel", "WISH", "101", "--dry-run")
    queued = site.runs()[0].status
    cancelled = shell.json("runs", "cancel", "WISH", "101")
    late = shell("runs", "cancel", "WISH", "101")
    ahead = shell("runs", "cancel", "WISH", "105", "--ahead")
    site.deliver(site.ready(105))
    other = site.folder / "other.py"
    other.write_text("x = 1\n")
    again = ("runs", "rerun", "wish", "101", "--variable", "width=7", "--variable", "names=b,c")
    planned = shell.json(*again, "--dry-run", config=True)
    made = shell.json(
        *again, "--script", str(other), "--description", "wider", "--priority", "7", config=True
    )

    assert (tried[0], queued, cancelled["kind"]) == (0, "Queued", "cancel")
    assert (late[0], "the run has ended" in late[1]) == (3, True)
    assert "the cancel is kept" in ahead[1]
    first, unknown, second = site.runs()
    assert (first.message, unknown.run_number, unknown.message) == ("cancelled", 105, "cancelled")
    assert (planned["run_version"], made["run_version"]) == (1, 1)
    assert (second.script, second.description) == ("x = 1\n", "wider")
    assert second.variables["standard_vars"] == {
        "width": ["number", "7"], "names": ["list_text", "['b', 'c']"],
    }  # fmt: skip
    assert first.variables["standard_vars"]["width"] == ["number", "5"]


def test_runs_are_submitted_by_hand_and_removed(site: Site) -> None:
    shell = Shell(site)
    site.deliver(site.ready(101))
    data = f"{site.folder}/isis/NDXWISH/WISH{{run:08}}.nxs"
    more = ("runs", "submit", "WISH", "101", "103", "--data", data, "--rb", "7654321")
    tried = shell(*more, "--dry-run")
    none = queue.events(site.database, "waiting")
    sent = shell.json(*more)
    bodies = [one.payload["body"] for one in queue.events(site.database, "waiting")]
    shell("runs", "cancel", "WISH", "101")
    unsure = shell("runs", "remove", "WISH", "101")
    would = shell("runs", "remove", "WISH", "101", "--dry-run")
    removed = shell.json("runs", "remove", "wish", "101", "--yes")
    nothing = shell("runs", "remove", "WISH", "101", "--yes")

    assert (tried[1], none) == ("Would be submitted: 3 runs of WISH.\n", [])
    assert sent == {"runs": [101, 102, 103]}
    assert [(one["run_number"], one["rb_number"]) for one in bodies] == [
        (101, 1234567), (102, 7654321), (103, 7654321),
    ]  # fmt: skip
    assert bodies[1]["data"].endswith("/WISH00000102.nxs")
    assert (unsure[0], "pass --yes" in unsure[2]) == (1, True)
    assert (would[1], removed) == ("Would be removed: 1 records of runs.\n", {"removed": 1})
    assert nothing[0] == 3
    assert site.runs() == []


def test_variables_are_set_for_runs_to_come(site: Site) -> None:
    shell = Shell(site)
    words = ("variables", "set", "wish", "width=8", "deep=no")
    tried = shell(*words, "--from-run", "102", "--dry-run", config=True)
    before = shell.json("variables", "list")
    made = shell.json(*words, "--from-run", "102", config=True)
    shell.json("variables", "set", "WISH", "width=9", "--rb", "7654321", config=True)
    for number, rb_number in ((101, 1234567), (102, 1234567), (103, 7654321)):
        site.deliver(site.ready(number, rb_number=rb_number))
    listed = shell("variables", "list", "--instrument", "wish")

    assert (tried[1], before) == ("Would be set for WISH: width = 8, deep = False.\n", [])
    assert [(one["name"], one["is_advanced"]) for one in made] == [("width", False), ("deep", True)]
    assert [
        (run.variables["standard_vars"]["width"][1], run.variables["advanced_vars"]["deep"][1])
        for run in site.runs()
    ] == [("5", "True"), ("8", "False"), ("9", "False")]
    assert "a user" in listed[1]
