"""`pandadb shares` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.orm import Session

from pandadb.demo import examples
from tests.cli.test_commands import run
from tests.databases import render
from tests.factories import make_job
from tests.share_rows import make_stats
from tests.task_commands import make_commanded_task

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server

FILE = str(examples.home() / "shares.yaml")


@pytest.fixture
def url(database: Database) -> str:
    """A database with the example's shares, statistics, a task and its job."""
    url = render(database.engine.url)
    loaded = run("shares", "load", FILE, url=url)
    assert loaded.returncode == 0, loaded.stderr
    with Session(database.engine) as session, session.begin():
        make_stats(session.connection(), ("Simulation", "running", 1000), ("Test", "activated", 5))
        given = {"prodsourcelabel": "managed", "processingtype": "simul", "gshare": "Gone"}
        make_commanded_task(session, 7, **given)
        make_job(session, "activated", 70, jeditaskid=7, prodsourcelabel="managed", gshare="Gone")
        make_job(session, "activated", 71, prodsourcelabel="rc_test", gshare="Gone")
    return url


def test_a_file_is_loaded_once_and_a_dry_run_loads_nothing(empty_of_shares: str) -> None:
    url = empty_of_shares
    tried = run("shares", "load", FILE, "--dry-run", url=url)
    loaded = json.loads(run("shares", "load", FILE, "--json", url=url).stdout)
    again = run("shares", "load", FILE, url=url)

    assert (tried.returncode, "Nothing was changed." in tried.stderr) == (0, True)
    assert "Group Production" in tried.stdout
    assert len(loaded["added"]) == 6
    assert loaded["percents"]["Simulation"] == [None, 42.0]
    assert (again.returncode, again.stdout) == (3, "")


@pytest.fixture
def empty_of_shares(database: Database) -> str:
    return render(database.engine.url)


def test_the_tree_is_drawn_with_its_numbers(url: str) -> None:
    drawn = run("shares", "tree", url=url).stdout
    found = json.loads(run("shares", "tree", "--json", url=url).stdout)

    lines = [line for line in drawn.splitlines() if "─ " in line]
    assert [line.split("─ ")[1].split()[0] for line in lines] == [
        "Production", "Group", "Reconstruction", "Simulation", "User", "Test",
    ]  # fmt: skip
    words = [word for word in lines[3].split() if word != "│"]
    assert words[-6:] == ["60", "42.00", "420", "1,000", "0", "238%"]
    top = found["tree"]
    assert (top["name"], top["executing"], top["queued"], top["target"]) == ("root", 1000, 5, 1000)
    assert [one["name"] for one in top["children"]] == ["Production", "User Analysis", "Test"]


def test_the_rank_and_a_page_are_shown(url: str) -> None:
    ranked = json.loads(run("shares", "rank", "--json", url=url).stdout)
    page = run("shares", "status", "Simulation", url=url).stdout

    assert [one["share"] for one in ranked] == [
        "User Analysis", "Test", "Group Production", "Reconstruction", "Simulation",
    ]  # fmt: skip
    assert page.splitlines()[:3] == [
        "Production / Simulation",
        "42.00 % of everything: target 420 HS06, running 1,000, queued 0",
        "Work with prodsourcelabel like managed",
    ]
    assert "1 running" in page
    assert "place" in run("shares", "rank", url=url).stdout


def test_a_job_and_a_task_are_explained(url: str) -> None:
    job = run("shares", "match", "70", url=url).stdout
    task = json.loads(run("shares", "match", "--task", "7", "--json", url=url).stdout)
    unknown = run("shares", "match", "5", url=url)
    neither = run("shares", "match", url=url)

    assert "It was generated for task 7, and has got its share." in job
    assert "workinggroup 'NULL' is not like 'GP_'" in job
    assert task["share"] == "Simulation"
    assert (unknown.returncode, neither.returncode) == (1, 2)


def test_a_value_is_set_and_what_cannot_be_is_a_sentence(url: str) -> None:
    tried = run("shares", "set", "Simulation", "value=30", "--dry-run", url=url)
    done = run("shares", "set", "Simulation", "value=30", url=url)
    again = run("shares", "set", "Simulation", "value=30", url=url)
    bad = [
        run("shares", "set", *words, url=url)
        for words in (("Simulation", "value=101"), ("Simulatio", "value=1"), ("Test", "values=1"))
    ]

    assert [one.returncode for one in (tried, done, again)] == [0, 0, 3]
    assert tried.stdout == done.stdout
    assert "42.00" in done.stdout
    assert [one.returncode for one in bad] == [2, 2, 2]
    for one, words in zip(bad, ("from 0 to 100", "is it Simulation", "is it value"), strict=True):
        assert words in one.stderr


@pytest.mark.slow
def test_a_hostile_file_is_a_sentence(url: str, tmp_path: Path) -> None:
    file = tmp_path / "shares.json"
    before = run("shares", "tree", "--json", url=url).stdout
    for content, words in (
        (b"", "have to be a list"),
        (b'[{"name": "A", "value": 1', "is not JSON"),
        (b'[{"name": "A\\u0000", "value": 1}]', "NUL"),
        (b"\0", "is not YAML"),
        (b"\xff\xfe", "cannot be read as UTF-8"),
        (b'[{"name": "%s", "value": 1}]' % (b"x" * 10_000), "too long"),
        (b'[{"name": 7, "value": 1}]', "has to be text, not 7"),
        (b"[" * 50_000, "nested too deeply"),
    ):
        file.write_bytes(content)
        refused = run("shares", "load", str(file), url=url)
        assert (refused.returncode, words in refused.stderr) == (2, True), refused.stderr
        assert "Traceback" not in refused.stderr
    assert run("shares", "load", str(tmp_path / "none"), url=url).returncode == 2
    assert run("shares", "tree", "--json", url=url).stdout == before


def test_tasks_are_reassigned_by_name_and_by_rules(url: str) -> None:
    tried = run("shares", "reassign", "--by-rules", "--dry-run", url=url)
    named = run("shares", "reassign", "7", "--to", "Test", url=url)
    refused = run("shares", "reassign", "7", "8", "--to", "Test", url=url)
    no_leaf = run("shares", "reassign", "7", "--to", "Production", url=url)
    unconfirmed = run("shares", "reassign", "--by-rules", url=url)
    done = run("shares", "reassign", "--by-rules", "--yes", "--json", url=url)
    again = run("shares", "reassign", "--by-rules", "--yes", url=url)
    odd = [run("shares", "reassign", *words, url=url) for words in ((), ("7",), ("--to", "Test"))]

    assert tried.stdout.splitlines() == [
        "1 tasks would go from Gone to Simulation.",
        "1 jobs would go with their tasks.",
        "1 jobs without a task would go from Gone to Test.",
    ]
    assert (named.returncode, named.stdout.splitlines()[0]) == (
        0,
        "1 tasks went from Gone to Test.",
    )
    assert (refused.returncode, "There is no task 8" in refused.stderr) == (1, True)
    assert (no_leaf.returncode, "is no leaf" in no_leaf.stderr) == (2, True)
    assert (unconfirmed.returncode, "pass --yes" in unconfirmed.stderr) == (1, True)
    assert json.loads(done.stdout)["tasks"] == {"7": ["Test", "Simulation"]}
    assert json.loads(done.stdout)["taskless"] == {"Gone": {"Test": 1}}
    assert again.returncode == 3
    assert [one.returncode for one in odd] == [2, 2, 2]
