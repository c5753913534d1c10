"""`pandadb archive compact` as it is typed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from pandadb.cli.archive.app import app
from pandadb.services.archive import run_lock

if TYPE_CHECKING:
    from click.testing import Result

    from pandadb.database import Database

pytestmark = pytest.mark.any_server

TABLE = "doma_pandaarch.metatable_arch"


@pytest.fixture(autouse=True)
def days(database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive with two days of March 2026."""
    monkeypatch.setenv("PANDADB_URL", database_url)
    with database.session() as session:
        for lower, upper in (("03-01", "03-02"), ("03-02", "03-03")):
            bounds = f"FROM ('2026-{lower}') TO ('2026-{upper}')"
            name = f"{TABLE}_p2026_{lower.replace('-', '_')}"
            session.execute(text(f"CREATE TABLE {name} PARTITION OF {TABLE} FOR VALUES {bounds}"))
            session.execute(text(f"INSERT INTO {TABLE} VALUES (1, '2026-{lower} 12:00', '')"))


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["compact", *map(str, words)])


def test_a_month_is_foretold_and_becomes_one_partition() -> None:
    foretold = run("--before", "2026-04", "--dry-run")
    assert "2026-03" in foretold.stdout
    assert json.loads(run("--dry-run", "--json", "--before", "2026-04").stdout) == [
        {"table": TABLE, "month": "2026-03", "partitions": 2, "put_off": None, "reason": None}
    ]
    done = run("--before", "2026-04")
    assert "Made metatable_arch_p2026_03, 2 rows." in done.stdout
    assert (done.exit_code, run("--before", "2026-04").exit_code) == (0, 3)


def test_a_month_with_rows_elsewhere_is_told(database: Database) -> None:
    with database.session() as session:
        session.execute(text(f"INSERT INTO {TABLE} VALUES (1, '2026-03-20', '')"))

    done = run("--before", "2026-04")

    assert f"Deferred 2026-03 of {TABLE}: metatable_arch_default has rows of that" in done.stdout


def test_another_run_is_exit_code_4(database: Database) -> None:
    with database.session() as session:
        session.execute(text(f"SELECT pg_advisory_xact_lock({run_lock.RUN})"))
        busy = run("--json")

    assert (busy.exit_code, json.loads(busy.stdout)["busy"]) == (4, True)
