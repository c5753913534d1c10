"""`pandadb archive import` as it is typed, and what else asks exported months."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from pandadb.cli.archive.app import app
from pandadb.cli.jobs import app as jobs
from tests.cli.archive.test_export import month
from tests.services.archive.months.test_exports import do, scalar
from tests.services.archive.months.test_imports import complete

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from pandadb.database import Database

pytestmark = pytest.mark.any_server

__all__ = ["month"]
COUNT = "SELECT count(*) FROM doma_pandaarch.jobsarchived"


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def exports(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the only month, whose job the database has no more."""
    do(database, "UPDATE doma_pandaarch.jobsarchived SET jeditaskid = 7")
    complete(database)
    assert run("export", "2026-03", "--to", tmp_path, "--drop").exit_code == 0
    monkeypatch.setenv("PANDADB_EXPORTS", str(tmp_path))
    return tmp_path


@pytest.mark.slow
def test_a_month_is_foretold_imported_and_there(database: Database, exports: Path) -> None:
    foretold = run("import", "2026-03", "--dry-run")
    assert (foretold.exit_code, scalar(database, COUNT)) == (0, 0)
    assert f"Would import 2026-03 from {exports}/2026-03" in foretold.stdout

    done = run("import", "2026-03")
    assert (done.exit_code, scalar(database, COUNT)) == (0, 1)
    assert f"Imported 2026-03 from {exports}/2026-03" in done.stdout

    again = run("import", "2026-03")
    assert again.exit_code == 3
    assert again.stdout == (
        "Nothing to do: the archive has all rows of 2026-03 that were exported.\n"
    )
    assert run("verify").exit_code == 0


def test_json_is_for_programs(exports: Path) -> None:
    foretold = json.loads(run("import", "2026-03", "--dry-run", "--json").stdout)
    imported = run("import", "2026-03", "--json")
    done = json.loads(imported.stdout)
    _, line, *_ = map(json.loads, imported.stderr.splitlines())

    assert (line["step"], line["table"], line["number"], line["of"]) == (
        "import", "doma_pandaarch.jobsarchived", 0, 1,
    )  # fmt: skip
    assert foretold == {**done, "dry_run": True}
    assert done["rows"] == {"doma_pandaarch.jobsarchived": 1}
    assert done["present"] == [f"doma_pandaarch.{name}_arch" for name in
                               ("filestable", "jobparamstable", "metatable")]  # fmt: skip


def test_the_folder_is_an_option_or_a_setting(
    exports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PANDADB_EXPORTS")
    nowhere = run("import", "2026-03")
    assert nowhere.exit_code == 2
    assert "PANDADB_EXPORTS" in nowhere.stderr
    assert run("import", "2026-03", "--from", exports).exit_code == 0


def test_a_pause_has_its_exit_code(exports: Path) -> None:
    run("pause")
    assert run("import", "2026-03").exit_code == 5


@pytest.mark.slow
def test_restore_names_the_month_that_has_a_job_and_works_after_it(exports: Path) -> None:
    said = "Only the exported month 2026-03 has 1 of the jobs (1): pandadb archive import 2026-03"
    for words in (("--pandaid", 1), ("--pandaid", 1, "--dry-run"), ("--task", 7)):
        refused = run("restore", *words)
        assert refused.exit_code == 1
        assert said in refused.stderr
        assert "unknown" not in refused.stderr
    day = run("restore", "2026-03-01")
    assert day.exit_code == 1
    assert "pandadb archive import 2026-03" in str(day.exception)
    assert json.loads(run("restore", "--pandaid", 1, "--json").stdout)["exported"] == {
        "2026-03": [1]
    }

    assert run("import", "2026-03").exit_code == 0
    assert run("restore", "--pandaid", 1).exit_code == 0


def test_jobs_of_exported_months_are_not_loaded(
    database: Database, exports: Path, tmp_path: Path
) -> None:
    file = tmp_path / "records.csv"
    file.write_text("pandaid,wall_time\n1,2\n5,2\n")

    def load(*words: str) -> Any:
        given = ["load", str(file), "--jeditaskid", "7", "--json", *words]
        return json.loads(CliRunner().invoke(jobs.app, given).stdout)

    for words in (("--dry-run",), ()):
        loaded = load(*words)
        assert (loaded["loaded"], loaded["present"]) == (1, 1)
    assert scalar(database, "SELECT min(pandaid) FROM doma_panda.jobsarchived4") == 5


def test_help_has_an_example() -> None:
    assert "Example: pandadb archive import" in run("import", "--help").stdout
