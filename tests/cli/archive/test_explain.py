"""`pandadb archive explain`, and what other reports say of jobs that no run takes, as typed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from pandadb.cli.archive.app import app
from pandadb.services import archive, partitions

if TYPE_CHECKING:
    from click.testing import Result

    from pandadb.database import Database

pytestmark = pytest.mark.any_server

DAY = (datetime.now(UTC) - timedelta(50)).date()
NAME = f"jobsarchived4_p{DAY:%Y_%m_%d}"
ROWS = (
    "INSERT INTO doma_panda.jobsarchived4 (pandaid, jobstatus, modificationtime, jeditaskid)"
    f" SELECT n, 'finished', '{DAY}', 7 FROM generate_series(1, 3) AS n"
)
LEFT = f"DEFAULT partitions, from where no run takes them: 3, the oldest of {DAY}. "
DRAIN = "pandadb partitions maintain --drain"


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def explained(*words: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("explain", *words, "--json").stdout)
    return found


def drain(database: Database) -> None:
    partitions.maintain(database, tables=["jobsarchived4"], drain=True)


@pytest.fixture(autouse=True)
def strayed(database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A database with three jobs of long ago, which are in the DEFAULT partition."""
    monkeypatch.setenv("PANDADB_URL", database_url)
    with database.session() as session:
        session.execute(text(ROWS))
    return database


@pytest.mark.slow
def test_jobs_in_a_default_partition_are_named_by_plan_status_and_run(strayed: Database) -> None:
    plan, planned = run("plan"), run("plan", "--json")
    status = run("status")

    for found in (plan, run("run", "--dry-run"), run("run")):
        assert LEFT + DRAIN in found.stdout
    assert LEFT + DRAIN in status.stderr
    assert plan.exit_code == 0
    assert json.loads(planned.stdout) == []
    assert LEFT + DRAIN in planned.stderr
    assert json.loads(run("status", "--json").stdout)["in_default"] == 3
    drain(strayed)
    for command in ("plan", "status", "run"):
        assert "DEFAULT" not in run(command).output


@pytest.mark.slow
def test_a_job_and_its_day_are_explained_in_words(strayed: Database) -> None:
    drain(strayed)
    archive.hold(strayed, [7], "is [looked] into")

    job, day = run("explain", 1), run("explain", DAY)

    assert (job.exit_code, day.exit_code) == (0, 0)
    assert (
        f"Job 1 is finished since {DAY} 00:00 (UTC), in partition {NAME} of jobsarchived4.\n"
        f"Its day is {DAY}, due from {DAY + timedelta(31)} on.\n"
        "Waits: it has jobs of tasks that are held: 7.\n"
    ) in job.stdout
    for found in (job, day):
        assert "Task 7 is held by " in found.stdout
        assert ": is [looked] into.\nThere is no proof of it.\n" in found.stdout
    archive.release(strayed, [7])
    assert "The next pandadb archive run moves it to the archive." in run("explain", 1).stdout
    run("run")
    assert f"│ {NAME} │ swap " in run("explain", DAY).stdout
    assert "the archive, in partition " in run("explain", 1).stdout


def test_a_job_and_its_day_are_explained_in_json(strayed: Database) -> None:
    before = explained(1)
    drain(strayed)
    archive.pause(strayed)
    paused, day = explained(2), explained(DAY)

    assert before["where"]["kind"] == "default"
    assert [one["reason"] for one in before["waits"]] == ["in_default"]
    assert DRAIN in before["waits"][0]["sentence"]
    assert (before["next"], before["proofs"], before["holds"]) == (None, [], [])
    assert paused["where"]["partition"] == NAME
    assert [one["reason"] for one in paused["waits"]] == ["paused"]
    assert (paused["next"], paused["day"], paused["jobstatus"]) == ("swap", str(DAY), "finished")
    assert day["day"] == str(DAY)
    assert [(one["partition"], one["rows"]) for one in day["places"]] == [(NAME, 3)]
    archive.resume(strayed)
    run("run")
    (proof,) = [one for one in explained(1)["proofs"] if one["target_rows"] is not None]
    assert (proof["how"], proof["source_rows"], proof["is_same"]) == ("swap", 3, True)


def test_a_job_that_no_table_has_ends_with_1_in_words_and_in_json() -> None:
    words, said = run("explain", 999), run("explain", 999, "--json")
    day = run("explain", "2020-01-01")

    assert (words.exit_code, said.exit_code, day.exit_code) == (1, 1, 1)
    assert "no table has job 999" in words.stderr
    assert "no table has job 999" in said.stderr
    assert json.loads(said.stdout)["where"] is None
    assert "no table has anything of 2020-01-01" in day.stderr


@pytest.mark.parametrize("given", ["0", "9" * 30, "2026-02-30", "1e3", "-1", "\u0661", ""])
def test_what_is_neither_a_job_nor_a_day_is_refused(given: str) -> None:
    result = run("explain", "--", given)

    assert result.exit_code == 2
    assert result.stdout == ""


def test_a_deferred_day_has_the_code_of_the_reason_beside_the_sentence(strayed: Database) -> None:
    drain(strayed)
    archive.hold(strayed, [7])

    (planned,) = json.loads(run("plan", "--json").stdout)
    (kept,) = json.loads(run("run", "--json").stdout)["put_off"]

    for day in (planned, kept):
        assert day["put_off"] == "it has jobs of tasks that are held: 7"
        assert day["reason"] == "tasks_held"


def test_a_plan_has_the_rows_of_partitions_that_were_just_drained_or_never_analyzed(
    strayed: Database,
) -> None:
    drain(strayed)
    (drained,) = json.loads(run("plan", "--json").stdout)
    with strayed.session() as session:
        session.execute(text("UPDATE pg_class SET reltuples = -1 WHERE relname = :name"),
                        {"name": NAME})  # fmt: skip
    (counted,) = json.loads(run("run", "--dry-run", "--json").stdout)

    assert [part["rows"] for day in (drained, counted) for part in day["parts"]] == [3, 3]
