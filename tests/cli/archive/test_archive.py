"""`pandadb archive` as it is typed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from pandadb.cli.archive.app import app
from pandadb.core.archive import backpressure
from pandadb.services import partitions
from pandadb.services.archive import run_lock

if TYPE_CHECKING:
    from click.testing import Result

    from pandadb.database import Database

pytestmark = [pytest.mark.slow, pytest.mark.any_server]

DAY = (datetime.now(UTC) - timedelta(50)).date()
ROW = (
    "INSERT INTO doma_panda.jobsarchived4 (pandaid, jobstatus, modificationtime, jeditaskid)"
    f" VALUES (1, 'finished', '{DAY}', 7)"
)


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def a_day(database: Database) -> None:
    with database.session() as session:
        session.execute(text(ROW))
    partitions.maintain(database, tables=["jobsarchived4"], drain=True)


CONTENTS = {"day": a_day}


@pytest.fixture(autouse=True)
def day(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day that is due, with one job that has nothing else."""
    monkeypatch.setenv("PANDADB_URL", database_url)


@pytest.mark.slow
def test_a_day_is_planned_archived_verified_and_restored() -> None:
    assert str(DAY) in run("plan").stdout
    assert str(DAY) in run("run", "--dry-run").stdout
    done = run("run")
    assert (done.exit_code, run("run").exit_code) == (0, 3)
    assert f"Archived {DAY}: jobsarchived4_p{DAY:%Y_%m_%d} 1 same; locked for" in done.stdout
    assert "  1 jobs without files: 1" in done.stdout
    assert "1 of 1 partitions match their proofs; wrong: 0." in run("verify").stdout
    assert "Restored" in run("restore", DAY).stdout
    assert "deferred: 1" in run("run").stdout
    assert run("run", "--day", DAY).exit_code == 0


def test_json_is_for_programs_and_each_step_is_a_line_of_it_on_standard_error() -> None:
    (planned,) = json.loads(run("plan", "--json").stdout)
    done = run("run", "--json")
    (moved,) = json.loads(done.stdout)["done"]
    named, *lines = [json.loads(line) for line in done.stderr.splitlines()]

    assert planned["put_off"] is None
    assert "://" in named["database"]
    assert moved["rows"] == {f"jobsarchived4_p{DAY:%Y_%m_%d}": 1}
    assert [line["step"] for line in lines] == ["index", "bound", "count", "swap", "prove"]
    assert {line["day"] for line in lines} == {str(DAY)}
    assert json.loads(run("status", "--json").stdout)["archived"][0]["partitions"] == 1
    assert json.loads(run("verify", "--json").stdout)[0]["found"] == "same"
    assert json.loads(run("restore", DAY, "--json").stdout)["rows"] == moved["rows"]


def test_a_task_is_held_listed_and_released() -> None:
    assert run("hold").stdout == "No task is held.\n"
    assert "is looked into" in run("hold", 7, "--reason", "is looked into").stdout
    assert json.loads(run("hold", "--json").stdout)[0]["jeditaskid"] == 7
    put_off = run("run")
    assert put_off.exit_code == 6
    assert f"Deferred {DAY}: it has jobs of tasks that are held: 7" in put_off.stdout
    assert "deferred: 1; tasks held: 1." in run("status").stdout
    assert run("hold", 7, "--release").stdout == "Released: 7.\n"
    assert run("run").exit_code == 0


def test_another_run_is_exit_code_4(database: Database) -> None:
    with database.session() as session:
        session.execute(text(f"SELECT pg_advisory_xact_lock({run_lock.RUN})"))
        busy = run("run")

    assert (busy.exit_code, busy.stdout) == (4, "Another run is at work: nothing was done.\n")


def test_what_is_not_as_proven_is_exit_code_1(database: Database) -> None:
    run("run")
    with database.session() as session:
        session.execute(text("DELETE FROM doma_pandaarch.jobsarchived"))

    checked = run("verify")

    assert checked.exit_code == 1
    assert "differs" in checked.stdout


@pytest.mark.parametrize("command", ["plan", "run", "status", "verify", "restore", "hold"])
def test_help_has_an_example(command: str) -> None:
    assert f"Example: pandadb archive {command}" in run(command, "--help").stdout


def test_exit_codes_tell_apart_why_nothing_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    run("hold", 7)
    deferred = run("run")
    run("hold", 7, "--release")
    monkeypatch.setattr(backpressure, "lag", lambda _: backpressure.Lag(300, hidden=False))
    waited = run("run", "--max-time", 2)

    assert (deferred.exit_code, waited.exit_code) == (6, 7)
    assert "Waited until the time limit: replica lag 300 s." in waited.stdout


def test_status_has_lag_last_runs_and_what_is_deferred_as_json() -> None:
    run("hold", 7)
    run("run")
    found = json.loads(run("status", "--json").stdout)

    assert found["deferred"] == [
        {
            "day": f"{DAY} 00:00:00",
            "reason": "tasks_held",
            "why": "it has jobs of tasks that are held: 7",
        }
    ]
    assert (found["lag"], found["refused"]) == (0, [])
    assert found["replica_lag"] == {"seconds": 0.0, "hidden": False}
    (last,) = found["runs"]
    assert (last["command"], last["outcome"], last["good_at"]) == ("archive run", "deferred", None)


def test_a_check_ends_with_1_if_something_needs_a_person() -> None:
    before = run("status", "--check")
    run("run")
    after = run("status", "--check")

    assert (before.exit_code, after.exit_code) == (1, 0)
    assert before.stderr == (
        f"Problem: 1 days are due, the first {DAY}; no run has ended well: pandadb archive run\n"
    )
    assert "last good one: " in after.stdout
    assert (run("status").exit_code, after.stderr) == (0, "")
