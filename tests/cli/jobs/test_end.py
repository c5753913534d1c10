"""What an operator and cron type to end jobs: sentences, JSON, questions, exit codes."""

from __future__ import annotations

import getpass
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import typer
from sqlalchemy import select
from typer.testing import CliRunner

from pandadb.cli.main import app
from pandadb.core.jobs.ending.kills import UnknownCode
from pandadb.core.jobs.ending.timeouts import UnknownRule
from pandadb.database import Database
from pandadb.models import JobsActive4, JobsArchived4
from tests.factories import make_job

pytestmark = pytest.mark.any_server

LONG_AGO = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=1)


@pytest.fixture
def database(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """The database of the settings."""
    url = database.engine.url.set(drivername="postgresql")
    monkeypatch.setenv("PANDADB_URL", url.render_as_string(hide_password=False))
    return database


def make(database: Database, *states: str) -> list[int]:
    with database.session() as session:
        return [
            make_job(session, state, prodsourcelabel="user", modificationtime=LONG_AGO)
            for state in states
        ]


def run(*words: object) -> tuple[int, str]:
    """Run a command; return its exit code and what it says. An error of ours is raised."""
    result = CliRunner().invoke(app, ["jobs", *map(str, words)], env={"COLUMNS": "100"})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, re.sub(r'\A(Database: |{"time").*\n', "", result.output)


def test_jobs_are_killed_and_running_ones_are_told(database: Database) -> None:
    ids = make(database, "activated", "defined", "defined", "running")

    assert run("kill", *ids, "--by", "ann") == (
        0,
        "Killed: 3 (1 from activated to cancelled, 2 from defined to cancelled); "
        "running and asked to stop: 1.\n",
    )
    with database.session() as session:
        assert {*session.scalars(select(JobsArchived4.taskbuffererrordiag))} == {"Killed by ann"}


def test_what_is_refused_is_said_and_is_exit_code_1(database: Database) -> None:
    (pandaid,) = make(database, "running")

    code, said = run("kill", pandaid, 5, "--code", 51, "--hard")

    assert code == 1
    assert "Killed: 1 (1 from running to closed); running and asked to stop: 0." in said
    assert "Job 5 is unknown: no table has it" in said


def test_a_kill_as_json_and_dry(database: Database) -> None:
    (pandaid,) = make(database, "sent")

    code, said = run("kill", pandaid, "--json", "--dry-run")

    assert (code, json.loads(said)) == (
        0,
        {
            "jobs": {str(pandaid): "cancelled"}, "before": {str(pandaid): "sent"},
            "refused": {}, "merged": {}, "told": [],
        },
    )  # fmt: skip
    said = run("kill", pandaid, "--dry-run")[1]
    assert said.startswith("Would be killed: 1 (1 from sent to cancelled)")
    with database.session() as session:
        assert session.get_one(JobsActive4, pandaid).commandtopilot is None


def test_who_kills_is_who_has_logged_in(database: Database) -> None:
    (pandaid,) = make(database, "sent")

    run("kill", pandaid)

    with database.session() as session:
        diag = session.scalar(select(JobsArchived4.taskbuffererrordiag))
    assert diag == f"Killed by {getpass.getuser()}"


def test_more_than_ten_jobs_have_to_be_meant(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = make(database, *["sent"] * 11)

    refused = run("kill", *ids)
    ten = run("kill", *ids[:10], ids[0], "--dry-run")
    meant = run("kill", *ids, "--yes")

    assert refused[0] == 1
    assert "These are 11 jobs: pass --yes" in refused[1]
    assert ten[0] == 0
    assert (meant[0], meant[1][:10]) == (0, "Killed: 11")


@pytest.mark.parametrize(("answer", "left"), [(True, 0), (False, 11)])
def test_a_terminal_is_asked(
    database: Database, monkeypatch: pytest.MonkeyPatch, answer: bool, left: int
) -> None:
    ids = make(database, *["sent"] * 11)
    asked: list[str] = []

    def confirm(question: str, **_: object) -> None:
        asked.append(question)
        if not answer:
            raise typer.Abort

    monkeypatch.setattr("pandadb.cli.confirm._can_be_asked", lambda: True)
    monkeypatch.setattr(typer, "confirm", confirm)

    code, _said = run("kill", *ids)

    assert (asked, code) == (["Kill 11 jobs?"], int(not answer))
    with database.session() as session:
        assert len(session.scalars(select(JobsActive4.pandaid)).all()) == left


def test_an_unknown_code_or_rule_is_a_sentence(database: Database) -> None:
    with pytest.raises(UnknownCode, match="the codes are 2, 3, 4"):
        run("kill", 5, "--code", 1)
    with pytest.raises(UnknownRule, match="the rules are analysis-heartbeat"):
        run("expire", "--rule", "x")


@pytest.mark.slow
def test_expiry_says_what_each_rule_has_ended_and_can_be_repeated(database: Database) -> None:
    ids = make(database, "sent", "sent", "running")

    planned = run("expire", "--dry-run")
    one = run("expire", "--rule", "sent", "--limit", 1, "--json")
    rest = run("expire")

    assert planned[1].splitlines()[0].strip() == "Would end"
    assert json.loads(one[1]) == [
        {
            "jobs": {str(ids[0]): "failed"}, "before": {str(ids[0]): "sent"},
            "refused": {}, "merged": {}, "told": [],
            "rule": "sent", "why": "the pilot never answers",
        }
    ]  # fmt: skip
    ended = [[word.strip() for word in line.split("│")[1:-1]] for line in rest[1].splitlines()]
    assert [(line[0], *line[2:]) for line in ended if line and line[0]] == [
        ("analysis-heartbeat", "1", "0", "0"),
        ("sent", "1", "0", "0"),
    ]
    assert run("expire") == (0, "No job has timed out.\n")
