"""`pandadb archive` with another database as the archive, as it is typed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from pandadb.cli.archive.app import app
from pandadb.cli.jobs import app as jobs
from pandadb.core.jobs.csv_import.insertion import JobConflict
from pandadb.database import Database
from pandadb.services import partitions
from tests.databases import temporary_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

    from tests.databases import Server

pytestmark = pytest.mark.any_server

DAY = (datetime.now(UTC) - timedelta(50)).date()
ROW = (
    "INSERT INTO doma_panda.jobsarchived4 (pandaid, jobstatus, modificationtime, jeditaskid)"
    f" VALUES (1, 'finished', '{DAY}', 7)"
)
NAME = f"jobsarchived4_p{DAY:%Y_%m_%d}"


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def a_day(database: Database) -> None:
    with database.session() as session:
        session.execute(text(ROW))
    partitions.maintain(database, tables=["jobsarchived4"], drain=True)


CONTENTS = {"there": a_day}


@pytest.fixture(autouse=True)
def there(
    database_url: str,
    server: Server,
    template: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Database]:
    """The archive; the other database has a day that is due, with one job."""
    with temporary_database(server, template) as url, Database(url) as opened:
        monkeypatch.setenv("PANDADB_URL", database_url)
        monkeypatch.setenv("PANDADB_ARCHIVE_URL", url)
        yield opened


@pytest.mark.slow
def test_a_day_is_copied_waits_is_dropped_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "copy" in run("plan").stdout
    assert "Days due: 1, the oldest" in run("status").stdout
    copied = run("run")
    assert (copied.exit_code, run("run").exit_code) == (0, 3)
    assert f"Archived {DAY}: {NAME} 1 same; locked for" in copied.stdout
    until = datetime.now(UTC) + timedelta(2)
    assert f"Waits {DAY}: dropped from {until:%Y-%m-%d}" in run("run").stdout
    (waiting,) = json.loads(run("plan", "--json").stdout)
    assert (waiting["due"], waiting["until"][:10]) == ("wait", f"{until:%Y-%m-%d}")
    assert "waiting to be dropped: 1." in run("status").stdout
    assert "drop" in run("run", "--dry-run", "--wait", 0).stdout
    dropped = run("run", "--wait", 0, "--wait-files", 0)
    assert (dropped.exit_code, dropped.stdout.splitlines()[0]) == (
        0,
        f"Dropped {NAME}, 1 rows; the archive has them.",
    )
    assert "1 of 1 partitions match their proofs; wrong: 0." in run("verify").stdout
    assert "Restored" in run("restore", DAY).stdout
    assert "deferred: 1" in run("run").stdout
    monkeypatch.setenv("PANDADB_ARCHIVE_WAIT", "0")
    again = [run("run", "--day", DAY, "--json") for _ in range(2)]
    assert json.loads(again[1].stdout)["dropped"] == {NAME: 1}


@pytest.mark.slow
def test_what_was_dropped_is_told_also_if_the_archive_goes_away_then(
    database: Database, there: Database
) -> None:
    run("run")
    name = there.engine.url.database
    with database.session() as session:
        for statement in (
            "CREATE FUNCTION public.lose() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER"
            " AS $$BEGIN PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            f" WHERE datname = '{name}'; END$$",
            "CREATE EVENT TRIGGER lose ON sql_drop EXECUTE FUNCTION public.lose()",
        ):
            session.execute(text(statement))

    lost = run("run", "--wait", 0, "--wait-files", 0)

    assert "The archive's server went away" in str(lost.exception)
    assert f"Dropped {NAME}, 1 rows; the archive has them." in lost.stdout


@pytest.mark.slow
def test_a_copy_that_is_not_as_it_was_is_exit_code_1(there: Database) -> None:
    run("run")
    with there.session() as session:
        session.execute(text("UPDATE doma_pandaarch.jobsarchived SET jobstatus = 'failed'"))

    refused = run("run", "--wait", 0)

    assert refused.exit_code == 1
    assert f"Refused to drop {NAME}: doma_pandaarch.jobsarchived of the archive" in refused.stdout
    assert json.loads(run("run", "--json").stdout)["refused"].keys() == {NAME}


@pytest.mark.slow
def test_a_job_that_was_dropped_is_shown_from_the_archive_and_not_loaded_again(
    database: Database, tmp_path: Path
) -> None:
    with database.session() as session:
        session.execute(
            text(
                "INSERT INTO doma_panda.jedi_job_retry_history"
                " (jeditaskid, oldpandaid, newpandaid, originpandaid, ins_utc_tstamp)"
                " VALUES (7, 5, 1, 5, '2026-01-01')"
            )
        )
    run("run")
    assert "Dropped" in run("run", "--wait", 0, "--wait-files", 0).stdout
    records = tmp_path / "records.csv"
    records.write_text("pandaid,wall_time\n1,60\n")

    def of_jobs(*words: object) -> Result:
        return CliRunner().invoke(jobs.app, [str(word) for word in words])

    shown = json.loads(of_jobs("show", 1, "--json").stdout)
    assert (shown["table"], shown["jeditaskid"], shown["files"]) == ("jobsarchived", 7, [])
    attempts = json.loads(of_jobs("history", 1, "--json").stdout)["attempts"]
    assert {one["pandaid"]: one["table"] for one in attempts} == {5: None, 1: "jobsarchived"}
    assert "unknown: no table has it, nor has the archive" in str(of_jobs("show", 2).exception)
    assert "0 jobs loaded" in (again := of_jobs("load", records, "--jeditaskid", 7)).stdout
    assert "1 existed already" in again.stdout
    conflict = of_jobs("load", records, "--jeditaskid", 8).exception
    assert isinstance(conflict, JobConflict)
    assert "Job 1 is in jobsarchived already, as a job of task 7" in str(conflict)
