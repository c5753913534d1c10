"""`pandadb errors`: explained, counted, acted on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_commands import run
from tests.databases import render
from tests.given_errors import give_actions, give_class, give_failed, give_rule, running_file

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server


@pytest.fixture
def url(database: Database) -> str:
    """A database with a failed job, a rule for it, and a class."""
    give_actions(database)
    give_rule(database, 1, 1305, "no_retry")
    give_class(database, 1305, "system")
    give_failed(database, 11, 1305)
    return render(database.engine.url)


def test_a_failed_job_is_explained(url: str) -> None:
    shown = run("errors", "explain", "11", url=url)
    (found,) = json.loads(run("errors", "explain", "11", "--json", url=url).stdout)
    assert shown.returncode == 0, shown.stderr
    assert "no_retry" in shown.stdout
    assert "Class: system" in shown.stdout
    assert [one["counts"] for one in found["verdicts"]] == [True]


def test_an_unknown_job_is_a_sentence(url: str) -> None:
    done = run("errors", "explain", "99", url=url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "99" in done.stderr


def test_rules_are_listed_and_errors_counted(url: str) -> None:
    rules = json.loads(run("errors", "rules", "--json", url=url).stdout)
    counted = json.loads(run("errors", "list", "--by", "site", "--json", url=url).stdout)
    assert [rule["action"] for rule in rules["retries"]] == ["no_retry"]
    assert [(one["code"], one["group"], one["jobs"]) for one in counted] == [
        (1305, {"site": "QUEUE_A"}, 1)
    ]
    assert "no_retry" in run("errors", "rules", url=url).stdout
    assert "1305" in run("errors", "list", url=url).stdout


def test_counting_by_something_else_is_exit_code_2(url: str) -> None:
    done = run("errors", "list", "--by", "colour", url=url)
    assert done.returncode == 2
    assert "site, task, queue" in done.stderr


def test_rules_are_applied_or_only_shown(url: str, database: Database) -> None:
    tried = run("errors", "apply", "11", "--dry-run", url=url)
    assert tried.returncode == 0, tried.stderr
    assert "no_retry" in tried.stdout
    assert running_file(database, 11).maxattempt == 5
    done = run("errors", "apply", "11", "99", url=url)
    assert done.returncode == 1
    assert "99" in done.stderr
    assert (running_file(database, 11).maxattempt, running_file(database, 11).maxfailure) == (1, 4)
