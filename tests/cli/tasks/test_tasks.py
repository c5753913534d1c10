"""Tasks from the command line: from JSON to jobs, looked at, commanded, counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from pandadb.demo import examples, task_life
from pandadb.models import JediDatasets, JediTasks, TTask
from tests.cli.test_commands import run
from tests.databases import render

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server

TASK, CATALOGUE = (str(examples.home() / name) for name in ("task.json", "catalogue.json"))


@pytest.fixture
def url(database: Database) -> str:
    """A database with what the example's task needs of a site."""
    task_life.prepare_site(database)
    return render(database.engine.url)


@pytest.fixture
def submitted(url: str) -> str:
    """The example's task, fed and ready."""
    done = run("tasks", "submit", TASK, "--catalogue", CATALOGUE, "--production", url=url)
    assert done.returncode == 0, done.stderr
    task = done.stdout.strip()
    assert task.isdigit()
    return task


def test_a_task_is_submitted_fed_and_listed(url: str, submitted: str) -> None:
    listed = json.loads(run("tasks", "list", "--json", url=url).stdout)
    shown = json.loads(run("tasks", "show", submitted, "--json", url=url).stdout)

    assert [(str(one["jeditaskid"]), one["taskname"]) for one in listed["tasks"]] == [
        (submitted, "demo.analysis.v1")
    ]
    assert shown["progress"]["files"] == {"ready": 40}
    assert {one["type"] for one in shown["datasets"]} >= {"input"}


def test_a_dry_run_submits_nothing(url: str) -> None:
    tried = run("tasks", "submit", TASK, "--production", "--dry-run", url=url)

    assert (tried.returncode, tried.stdout) == (0, "A task would be submitted, and be defined.\n")
    assert json.loads(run("tasks", "list", "--json", url=url).stdout)["tasks"] == []


def test_what_is_no_task_is_a_sentence(url: str, tmp_path: Path) -> None:
    file = tmp_path / "task.json"
    for text, words in (("{", "this is not JSON"), ("[1]", "task"), ('{"a": 1}', "taskName")):
        file.write_text(text)
        refused = run("tasks", "submit", str(file), url=url)
        assert refused.returncode == 2, refused
        assert words in refused.stderr


def test_jobs_are_generated_once(url: str, submitted: str) -> None:
    words = ("tasks", "generate", submitted, "--queue", "ALPINE_UCORE", "--queue", "ETNA_CLOUD=2")
    made = run(*words, url=url)
    again = run(*words, url=url)
    tried = run(*words, "--dry-run", url=url)

    assert tried.stdout == f"Task {submitted}: 0 jobs would be generated; it is running.\n"
    assert (made.returncode, made.stdout) == (
        0,
        f"Task {submitted}: 20 jobs generated; it is running.\n",
    )
    assert (again.returncode, again.stdout) == (
        3,
        f"Task {submitted}: 0 jobs generated; it is running.\n",
    )
    shown = run("tasks", "show", submitted, url=url).stdout
    assert "Input files" in shown
    assert "running 40" in shown


def test_a_task_without_files_is_named_with_the_remedy(url: str) -> None:
    task = run("tasks", "submit", TASK, "--production", url=url).stdout.strip()

    nothing = run("tasks", "generate", task, "--queue", "ALPINE_UCORE", url=url)

    assert nothing.returncode == 3
    assert "pandadb tasks feed TASK --catalogue FILE" in nothing.stderr


def test_a_task_is_paused_and_resumed_with_its_history(url: str, submitted: str) -> None:
    paused = run("tasks", "command", submitted, "pause", url=url)
    refused = run("tasks", "command", submitted, "pause", url=url)
    resumed = run("tasks", "command", submitted, "resume", "--json", url=url)
    history = json.loads(run("tasks", "history", submitted, "--json", url=url).stdout)

    assert (paused.returncode, paused.stdout) == (0, f"Task {submitted} is paused.\n")
    assert refused.returncode == 1
    assert json.loads(resumed.stdout)["tasks"] == {submitted: "ready"}
    assert "paused" in [one["status"] for one in history["states"]]
    assert history["command"]["comm_cmd"] == "resumeing"


def test_a_user_without_a_login_name_is_asked_for_one(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("getpass.getuser", nameless)
    refused = run("tasks", "submit", TASK, url=url)
    assert refused.returncode == 2
    assert "name the requester with --user" in refused.stderr


def test_an_unknown_qualifier_is_refused_by_name(url: str, submitted: str) -> None:
    refused = run("tasks", "command", submitted, "finish", "--qualifier", "sfot", url=url)
    assert refused.returncode == 2
    assert "soft" in refused.stderr
    history = json.loads(run("tasks", "history", submitted, "--json", url=url).stdout)
    assert history["command"] is None


def test_without_the_production_role_only_the_owner_commands(url: str, submitted: str) -> None:
    words = ("tasks", "command", submitted, "kill", "--no-production", "--user", "eve")
    refused = run(*words, url=url)
    assert refused.returncode == 1
    assert "eve is not the owner" in refused.stderr


def test_weights_of_queues_are_numbers_from_0_on(url: str, submitted: str) -> None:
    for queue in ("ETNA_CLOUD=nan", "ETNA_CLOUD=inf", "ETNA_CLOUD=-1", "ETNA_CLOUD=1_0", "=1"):
        refused = run("tasks", "generate", submitted, "--queue", queue, url=url)
        assert refused.returncode == 2, refused
        assert "is no QUEUE=WEIGHT" in refused.stderr


def test_a_task_that_runs_again_is_submitted(url: str, tmp_path: Path, database: Database) -> None:
    file = tmp_path / "task.json"
    file.write_text(json.dumps({**json.loads(Path(TASK).read_text()), "uniqueTaskName": True}))
    words = ("tasks", "submit", str(file), "--user", "ada")
    task = run(*words, url=url).stdout.strip()
    with database.session() as session:
        session.execute(update(JediTasks).values(status="finished"))
    again = run(*words, url=url)
    assert (again.returncode, again.stdout) == (0, f"{task}\n"), again
    assert "it will run again" in again.stderr


def test_an_unknown_command_is_refused_by_name(url: str, submitted: str) -> None:
    refused = run("tasks", "command", submitted, "paus", url=url)

    assert refused.returncode == 2
    assert "pause" in refused.stderr


def test_wrong_counters_are_listed_and_repaired(
    url: str, submitted: str, database: Database
) -> None:
    with database.session() as session:
        of = JediDatasets.jeditaskid == int(submitted), JediDatasets.type == "input"
        session.execute(update(JediDatasets).where(*of).values(nfilesused=7))

    tried = run("tasks", "recount", submitted, "--dry-run", "--json", url=url)
    repaired = run("tasks", "recount", submitted, "--json", url=url)
    again = run("tasks", "recount", submitted, "--quiet", url=url)

    (wrong,) = json.loads(tried.stdout)
    assert (wrong["counter"], wrong["was"], wrong["right"]) == ("nfilesused", 7, 0)
    assert (wrong["table"], wrong["refused"]) == ("jedi_datasets", None)
    assert repaired.stdout == tried.stdout
    assert (again.returncode, again.stdout) == (3, "")


def test_a_total_that_is_too_great_is_lowered_by_force_only(
    url: str, submitted: str, database: Database
) -> None:
    with database.session() as session:
        session.execute(update(TTask).values(total_req_jobs=5))

    refused = run("tasks", "recount", submitted, url=url)
    forced = run("tasks", "recount", submitted, "--force", url=url)
    again = run("tasks", "recount", submitted, url=url)

    assert refused.returncode == 1
    assert "total_req_jobs" in refused.stderr
    assert "5 are counted and 0 found" in " ".join(refused.stderr.split())
    assert forced.returncode == 0
    assert (again.returncode, again.stdout) == (3, "All values are right.\n")


def test_an_unknown_task_is_a_sentence(url: str) -> None:
    for words in (("show", "5"), ("history", "5")):
        unknown = run("tasks", *words, url=url)
        assert (unknown.returncode, unknown.stdout) == (1, "")
        assert "Task 5 is unknown" in unknown.stderr
