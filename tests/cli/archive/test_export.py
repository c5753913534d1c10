"""`pandadb archive export` as it is typed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from pandadb.cli.archive.app import app
from pandadb.cli.jobs import app as jobs
from pandadb.services.archive import NotExported

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from pandadb.database import Database

pytestmark = pytest.mark.any_server

MADE = (
    "CREATE TABLE doma_pandaarch.jobsarchived_p2026_03_01 PARTITION OF doma_pandaarch.jobsarchived"
    " FOR VALUES FROM ('2026-03-01') TO ('2026-03-02')",
    "INSERT INTO doma_pandaarch.jobsarchived (pandaid, modificationtime) VALUES (1, '2026-03-01')",
)


@pytest.fixture(autouse=True)
def month(database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive with one job, of March 2026."""
    monkeypatch.setenv("PANDADB_URL", database_url)
    with database.session() as session:
        for statement in MADE:
            session.execute(text(statement))


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["export", *map(str, words)])


def test_a_month_is_foretold_exported_and_dropped(tmp_path: Path) -> None:
    foretold = run("2026-03", "--to", tmp_path, "--dry-run").stdout
    assert "Could be dropped: jobsarchived_p2026_03_01." in foretold
    assert "Contain other months too, and would stay: none." in foretold
    assert [*tmp_path.iterdir()] == []

    assert f"Exported 2026-03 to {tmp_path}/2026-03" in run("2026-03", "--to", tmp_path).stdout
    dropped = run("2026-03", "--to", tmp_path, "--drop").stdout
    assert "Already exported and valid: 2026-03" in dropped
    assert "Dropped: jobsarchived_p2026_03_01 1." in dropped
    again = run("2026-03", "--to", tmp_path).stdout
    assert "The database no longer has the month." in again


def test_a_job_that_has_gone_is_shown_from_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("2026-03", "--to", tmp_path, "--drop")
    monkeypatch.setenv("PANDADB_EXPORTS", str(tmp_path))

    shown = json.loads(CliRunner().invoke(jobs.app, ["show", "1", "--json"]).stdout)
    assert (shown["table"], shown["modificationtime"][:10]) == ("parquet", "2026-03-01")
    history = json.loads(CliRunner().invoke(jobs.app, ["history", "1", "--json"]).stdout)
    assert [attempt["table"] for attempt in history["attempts"]] == ["parquet"]


def test_json_is_for_programs(tmp_path: Path) -> None:
    foretold = json.loads(run("2026-03", "--to", tmp_path, "--dry-run", "--json").stdout)
    done = json.loads(run("2026-03", "--to", tmp_path, "--drop", "--json").stdout)

    assert foretold["partitions"] == ["jobsarchived_p2026_03_01"]
    assert (done["is_new"], done["tables"][0]["rows"]) == (True, 1)
    assert done["dropped"] == {"partitions": {"jobsarchived_p2026_03_01": 1}, "beyond": {}}


def test_what_does_not_fit_is_an_error_with_a_hint(tmp_path: Path) -> None:
    run("2026-03", "--to", tmp_path)
    (tmp_path / "2026-03" / "metatable_arch.parquet").write_bytes(b"")

    refused = run("2026-03", "--to", tmp_path, "--drop")

    assert isinstance(refused.exception, NotExported)
    assert "--overwrite replaces an export" in str(refused.exception)
    assert run("2026-03", "--to", tmp_path, "--overwrite").exit_code == 0


def test_exported_months_are_verified(tmp_path: Path) -> None:
    run("2026-03", "--to", tmp_path, "--drop")
    verify = ["verify", "--exports", str(tmp_path)]
    fine = CliRunner().invoke(app, verify)
    assert fine.exit_code == 0
    assert "1 of 1 exported months match their manifests; wrong: 0." in fine.stdout

    path = tmp_path / "2026-03" / "manifest.json"
    path.write_text(path.read_text().replace('"rows": 1', '"rows": 2'))

    wrong = CliRunner().invoke(app, verify)
    assert wrong.exit_code == 1
    assert "2026-03: " in wrong.stdout
    assert "manifest.json is not as it was written" in wrong.stdout
    said = json.loads(CliRunner().invoke(app, [*verify, "--json"]).stdout)
    assert [one["month"] for one in said if one["fault"]] == ["2026-03"]


def test_help_has_an_example() -> None:
    assert "Example: pandadb archive export" in run("--help").stdout
