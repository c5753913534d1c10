"""What an operator and cron type about partitions: tables, SQL, JSON, exit codes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from pandadb.cli.main import app
from pandadb.core.partitions.intervals import Span
from pandadb.core.partitions.policies import InvalidPolicy
from pandadb.services import partitions
from pandadb.services.coverage import coverage
from pandadb.services.partitions import UnknownTable

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.database import Database

pytestmark = pytest.mark.any_server

LOG = "doma_panda.jobs_statuslog"
TODAY = Span.of("1 day").suffix(datetime.now(UTC).replace(tzinfo=None))


@pytest.fixture
def database(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """The database of the settings."""
    url = database.engine.url.set(drivername="postgresql")
    monkeypatch.setenv("PANDADB_URL", url.render_as_string(hide_password=False))
    return database


def run(*words: str) -> tuple[int, str]:
    """Run a command; return its exit code and what it prints. An error of ours is raised."""
    result = CliRunner().invoke(app, ["partitions", *words], env={"COLUMNS": "200"})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def stray(database: Database, days: int) -> None:
    """Write a line of the status log for which there is no partition."""
    query = "INSERT INTO doma_panda.jobs_statuslog (pandaid, jobstatus, modificationtime) "
    with database.session() as session:
        session.execute(text(query + f"VALUES (1, 'running', now() - interval '{days} days')"))


def test_a_plan_says_what_is_to_be_made_and_why(database: Database) -> None:
    code, printed = run("plan", "jobs_statuslog")

    assert code == 0
    assert f"jobs_statuslog_{TODAY}" in printed
    assert "is filled now" in printed


def test_a_plan_as_sql_is_what_psql_can_run(database: Database) -> None:
    _, script = run("plan", "jobs_statuslog", "--sql")

    connection = database.engine.raw_connection()
    with connection.cursor() as cursor:
        cursor.execute(script)
    connection.close()
    assert run("plan", "jobs_statuslog") == (0, "Nothing to do.\n")


def test_exit_codes_say_done_nothing_to_do_and_contended(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "PATIENCE", 0.05)
    monkeypatch.setattr(partitions, "TRIES", 1)

    assert run("maintain", "jobs_statuslog") == (
        0,
        "Created 8, dropped 0; locks were not free for none.\n",
    )
    assert run("maintain", "jobs_statuslog")[0] == 3
    with database.session() as session:
        session.execute(text("LOCK TABLE doma_panda.tasks_statuslog"))
        assert run("maintain", "tasks_statuslog")[0] == 4
    with database.session() as session:
        session.execute(text(f"SELECT pg_advisory_xact_lock({partitions.MAINTENANCE_LOCK})"))
        assert run("maintain") == (4, "Another run is at work: nothing was done.\n")


def test_a_dry_run_changes_nothing(database: Database) -> None:
    stray(database, 3)

    assert "drain" not in run("maintain", "jobs_statuslog", "--dry-run")[1]
    code, printed = run("maintain", "jobs_statuslog", "--dry-run", "--drain")

    assert (code, "drain" in printed) == (0, True)
    (found,) = [one for one in coverage(database).tables if one.table == LOG]
    assert (found.partitions, found.stray) == (1, 1)


def test_stray_rows_are_told_of_and_drained(database: Database) -> None:
    stray(database, 3)

    assert "1 rows are in DEFAULT partitions" in run("maintain", "jobs_statuslog")[1]
    done = json.loads(run("maintain", "jobs_statuslog", "--drain", "--json")[1])

    assert [(step["do"], step["rows"]) for step in done["done"]] == [("drain", 1)]


def test_the_status_is_a_line_for_each_table(database: Database) -> None:
    stray(database, 3)
    printed = json.loads(run("status", "--json")[1])
    found = {one["table"]: one for one in printed["tables"]}

    assert (found[LOG]["stray"], found[LOG]["partitions"], found[LOG]["ahead"]) == (1, 1, 0)
    assert LOG in run("status")[1]
    assert f"{LOG} has no partition ahead: pandadb partitions maintain" in printed["problems"]
    assert (printed["runs"], printed["replica_lag"]["seconds"]) == ([], 0)


@pytest.mark.slow
def test_a_check_ends_with_1_until_partitions_are_made_and_rows_are_in_them(
    database: Database,
) -> None:
    before = run("status", "--check")
    run("maintain")
    stray(database, 3)
    strayed = run("status", "--check")
    run("maintain", "--drain")
    after = run("status", "--check")

    assert [before[0], strayed[0], after[0]] == [1, 1, 0]
    assert run("status")[0] == 0
    assert "last good one: 2" in after[1]


def test_a_sites_policies_are_read_from_its_file(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "policies.toml"
    monkeypatch.setenv("PANDADB_POLICIES", str(file))

    file.write_text("[jobs_statuslog]\nahead = 1\n")
    assert len(json.loads(run("plan", "jobs_statuslog", "--json")[1])) == 2
    file.write_text("[jobs_statuslog]\nahead = 'a lot'\n")
    with pytest.raises(InvalidPolicy, match=r"policies.toml, \[jobs_statuslog\]: ahead: a number"):
        run("plan")


def test_a_table_without_partitions_is_a_sentence(database: Database) -> None:
    with pytest.raises(UnknownTable, match="There is no policy for 'jobsactive4'"):
        run("maintain", "jobsactive4")


def test_what_has_failed_is_named_the_rest_is_done_and_the_exit_code_is_1(
    database: Database,
) -> None:
    taken = f"jobs_statuslog_{TODAY}"
    with database.session() as session:
        session.execute(text(f"CREATE TABLE doma_panda.{taken} (pandaid bigint)"))

    result = CliRunner().invoke(app, ["partitions", "maintain", "jobs_statuslog"])
    again, printed = run("maintain", "jobs_statuslog", "--json")

    assert (result.exit_code, again) == (1, 1)
    assert "Created 7, dropped 0" in result.stdout
    assert f'Failed: make {taken}: relation "{taken}" already exists' in result.stderr
    assert f"1 failed, the rest was done: make {taken}" in result.stderr
    assert [one["unit"] for one in json.loads(printed)["failed"]] == [f"make {taken}"]


def test_a_table_that_cannot_be_looked_at_is_named_by_plan_and_status(database: Database) -> None:
    with database.session() as session:
        for statement in (
            f"DROP TABLE {LOG}",
            f"CREATE TABLE {LOG} (modificationtime text) PARTITION BY LIST (modificationtime)",
            f"CREATE TABLE {LOG}_of_a_site PARTITION OF {LOG} FOR VALUES IN ('x')",
        ):
            session.execute(text(statement))

    for command in ("plan", "status"):
        code, printed = run(command, "--json")
        found = json.loads(printed)
        lines = found["tables"] if command == "status" else found
        (failed,) = [one for one in lines if one["table"] == LOG]
        assert (code, "jobs_statuslog_of_a_site is of no range" in failed["why"]) == (1, True)
        assert len(lines) > 20
    assert run("maintain", "jobs_statuslog", "--dry-run")[0] == 1
