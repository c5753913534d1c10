"""Whatever is typed, set or read from a file: a sentence and an exit code, never a traceback.

The commands and their options are those of the program itself, so that a new one is tried too.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from sqlalchemy import text

from pandadb.cli.main import main, program
from pandadb.config import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.database import Database

pytestmark = pytest.mark.any_server

ARABIC = "\u0661"
FULLWIDTH = "\uff12\uff10\uff12\uff16-11-20"
"""Digits to Python, and to a regular expression, but to nobody who kills jobs."""

NUMBERS = [
    "nan",
    "inf",
    "-inf",
    "-1",
    "0",
    "1e400",
    "2147483648",
    "9223372036854775808",
    "9" * 5000,
]
NUMBERS += ["", " 1", "1_000", ARABIC, "1.5", "1e-320", str(2**200)]
TIMES = ["0000-00-00", "0001-01-01", "9999-12-31", "10000-01-01", "2026-02-30", "infinity"]
TIMES += ["2026-11-20T09:00:00+02:00", FULLWIDTH, "2026-13", "9999-12", "0001-01"]
TIMES += ["-999999w", "2h", "-1_0h"]
TEXTS = ["\udcff", "é" * 3000, "x" * 100_000, "\x1b[31m", "a\nb", "(", "*", "=", "pilot=9e9", ",,"]
TEXTS += ["pilot=" + "9" * 5000, "attemptnr=1_0", "attemptnr=1e400", "hs06sec=NaN", "[/red]"]
TEXTS += ["hs06sec=1e999999999", "endtime=0000-00-00", "endtime=9999-12-31T23:59:59-12:00"]
TEXTS += ["computingsite=\udcff", "WyJwYW5kYWlkIiwgZmFsc2UsIDFlNDAwLCAxXQ", "é=writer"]
HOSTILE = [*NUMBERS, *TIMES, *TEXTS]

CODES = (0, 1, 2, 3, 4, 5)
SKIPPED = {
    ("db", "psql"): "its words are psql's",
    ("demo",): "it starts a server; its files are those of jobs load",
    ("gateway", "demo"): "it starts servers",
    ("gateway", "run"): "it runs until it is stopped; its options are those of gateway send",
    ("worker", "run"): "it runs until it is stopped; tests/worker tries its options",
    ("docs", "erd"): "it draws for a second; its folder is as that of docs dictionary",
}
EXAMPLES = {
    "assignments": "value=1",
    "catalogue": "records.csv",
    "dead_letter": "1",
    "dead_letters": "1",
    "events": "1",
    "file": "records.csv",
    "files": "records.csv",
    "first": "5",
    "flow": "5",
    "flows": "5",
    "group_key": "g",
    "ident": "3f2a9c04d1e7",
    "instance": "H1",
    "instances": "H1",
    "instrument": "WISH",
    "jeditaskid": "5",
    "jeditaskids": "5",
    "message": "an index",
    "month": "2026-09",
    "most": "2",
    "name": "pause",
    "pandaid": "1",
    "pandaids": "1",
    "queue": "demo",
    "revision": "head",
    "run": "5",
    "sequence": "5",
    "sequences": "5",
    "share": "Test",
    "standing": "failed",
    "subject": "1",
    "task": "5",
    "to": "folder",
    "values": "width=5",
    "verb": "hold",
}
"""What a command is given for what it needs besides the option that is tried."""


class Command(NamedTuple):
    """A command, with its options."""

    path: tuple[str, ...]
    parameters: list[Any]


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[Command]:
    command = command or program()
    if not hasattr(command, "commands"):
        yield Command(path, [one for one in command.params if one.name != "help"])
        return
    for name, below in command.commands.items():
        yield from commands(below, (*path, name))


COMMANDS = [one for one in commands() if one.path not in SKIPPED]
FIRST: dict[str, tuple[str, ...]] = {}
"""The command with which more values of an option are tried; others have the same reader."""
for one in COMMANDS:
    for given in one.parameters:
        FIRST.setdefault(given.opts[0], one.path)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with files that cannot be read and one that can."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "records.csv").write_text("pandaid,wall_time\n1,60\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def refusing_url(worker_database: Database) -> str:
    """The URL of a database that tests share which change nothing."""
    return url_of(worker_database)


@pytest.fixture
def pandadb(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Any:
    """Run a command in this process, and see that it ends with an exit code."""
    for name in [name for name in os.environ if name.startswith("PANDADB_")]:
        monkeypatch.delenv(name)

    def run(*words: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["pandadb", *words])
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # as __main__
        with pytest.raises(SystemExit) as end:
            main()
        code = end.value.code
        assert code is None or isinstance(code, int)
        printed, said = capfd.readouterr()
        return Ended(code or 0, printed, re.sub(r"\ADatabase: .*\n", "", said))

    return run


def spelled(parameter: Any, value: str) -> list[str]:
    return [value] if parameter.param_type_name == "argument" else [f"{parameter.opts[0]}={value}"]


def words(command: Command, parameter: Any, value: str) -> list[str]:
    """Return what is typed: the value for one parameter, an example for what else is needed."""
    options, arguments = [], []
    for one in command.parameters:
        if one is parameter:
            given = spelled(one, value)
        elif one.required:
            given = spelled(one, EXAMPLES[one.name])
        else:
            continue
        (arguments if one.param_type_name == "argument" else options).extend(given)
    return [*command.path, *options, "--", *arguments]


def tried(command: Command, share: int) -> Iterator[list[str]]:
    """Return all that is typed of a command; what can only be shown is only shown.

    Each value is tried with one of `share` options, each option with one of `share` values: they
    share their readers.
    """
    dry = [one for one in command.parameters if "--dry-run" in one.opts]
    for number, parameter in enumerate(command.parameters):
        if getattr(parameter, "is_flag", False):
            continue
        paths = ["missing", "folder", "loop", "records.csv/x", "a/" * 3000]
        values = [*HOSTILE, *paths]
        step = share if FIRST[parameter.opts[0]] == command.path else 2 * share
        for value in values[number % step :: step]:
            line = words(command, parameter, value)
            yield [*command.path, "--dry-run", *line[len(command.path) :]] if dry else line


SHOWS = (
    "candidates", "count", "diff", "history", "list", "plan", "show", "status", "url", "verify",
)  # fmt: skip


def only_shows(command: Command) -> bool:
    """Tell whether a command, as it is tried here, changes nothing whatever it is given."""
    dry = any("--dry-run" in one.opts for one in command.parameters)
    return dry or command.path[-1] in SHOWS


def rows(database: Database) -> dict[str, int]:
    """Return how many rows each table has that has a page; the others have none."""
    named = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r'"
    named += " AND relnamespace::regnamespace::text ~ 'doma_|pandadb' AND pg_relation_size(oid) > 0"
    with database.engine.connect() as connection:
        counts = [
            f"SELECT '{name}', count(*) FROM {name}"
            for name in connection.scalars(text(named)).all()
        ]
        found = connection.execute(text(" UNION ALL ".join(counts))).all()
    return {name: count for name, count in found if count}


def is_told(ended: Ended) -> bool:
    """Tell whether what cannot be is said in one sentence, or as a wrong use of the command."""
    if ended.err.startswith("Usage: "):
        return ended.code == 2 and "Error" in ended.err
    return (
        ended.err.startswith("pandadb: ") and ended.err.count("\n") == 1 and "\x1b" not in ended.err
    )


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.path))
def test_a_command_says_what_it_cannot_take_and_changes_nothing(
    command: Command,
    pandadb: Any,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    pytestconfig: pytest.Config,
) -> None:
    shares = "worker_database" if only_shows(command) else "database"
    database = request.getfixturevalue(shares)
    monkeypatch.setenv("PANDADB_URL", url_of(database))
    before = rows(database)
    for line in tried(command, 1 if pytestconfig.getoption("--thorough") else 16):
        ended = pandadb(*line)

        shown = [word[:60] for word in line]
        assert ended.code in CODES, shown
        assert "Database error" not in ended.err, (shown, ended.err[:500])
        if ended.code == 2:
            assert is_told(ended), (shown, ended.err[:500])
        elif not only_shows(command):  # it may have done something: a reason can be any text
            before = rows(database)
    assert rows(database) == before


def url_of(database: Database) -> str:
    return database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def test_every_parameter_that_is_needed_has_an_example() -> None:
    needed = {one.name for command in COMMANDS for one in command.parameters if one.required}

    assert needed <= EXAMPLES.keys()


@pytest.mark.parametrize(
    "line",
    [
        "archive run --wait inf",
        "archive run --wait-files 1e9",
        "archive run --max-time nan",
        "archive run --max-lag 1e400",
        "archive run --batch-seconds 0",
        "archive run --day 9999-12-31",
        "archive hold 9223372036854775808",
        "archive export 9999-12 --to folder",
        "archive compact --before 0001-01",
        "archive pause --until 10000-01-01",
        "jobs list --limit 1_0",
        "jobs list --errorcode pilot=1_0",
        "jobs list --since 0001-01-01",
        "jobs list --after W10",
        "jobs list --pandaid 0",
        "jobs list --errortext (",
        "jobs list --columns colour",
        "jobs list --jobstatus asleep",
        "jobs count --by colour",
        "jobs count --table jobs",
        f"jobs show {ARABIC}",
        "jobs kill 1_0",
        "jobs kill 1 --code 2147483648",
        "jobs move fly 1",
        "jobs move hold 1 --set attemptnr=1_0",
        "jobs expire --rule never",
        "jobs expire --limit 9223372036854775808",
        "jobs load missing --jeditaskid 5",
        "jobs submit missing",
        "partitions plan nothing",
        "db upgrade 9999",
        "db sql 0005:0002",
        "db grant --prefix 1",
        "docs dictionary --folder records.csv",
    ],
)
def test_what_cannot_be_is_exit_code_2(
    line: str, pandadb: Any, refusing_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PANDADB_URL", refusing_url)

    ended = pandadb(*line.split())

    assert (ended.code, is_told(ended)) == (2, True), ended


URLS = ["postgresql://u:%00@h/x", "postgresql://u:%ff@h/x", "postgresql://h:99999999/x"]
URLS += ["postgresql://u@/d?host=a,b&port=1,2,3", "postgresql://u@/d?host=a:1&host=b:x"]
URLS += [f"postgresql://{'h' * 5000}:1/x", "postgresql://h..x:1/x", "postgresql://[::1/x"]
URLS += ["postgresql://127.0.0.1:1/x?port=5&port=6", "postgresql://u@h/x?options=%00", "\udcff"]


@pytest.mark.parametrize("name", ["url", "archive_url"])
@pytest.mark.parametrize("value", URLS)
def test_a_url_that_cannot_be_is_a_sentence_without_its_password(
    name: str, value: str, pandadb: Any, refusing_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PANDADB_URL", refusing_url)
    monkeypatch.setenv(f"PANDADB_{name.upper()}", value.replace("u:", "u:secret"))

    ended = pandadb("archive", "plan")

    assert (ended.code, is_told(ended), "secret" in ended.err) == (2, True, False), ended


SETTINGS = [name for name in Settings.model_fields if not name.endswith(("url", "data_dir"))]


@pytest.mark.slow
@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_cannot_be_is_a_sentence(
    name: str,
    pandadb: Any,
    refusing_url: str,
    monkeypatch: pytest.MonkeyPatch,
    pytestconfig: pytest.Config,
) -> None:
    monkeypatch.setenv("PANDADB_URL", refusing_url)
    odd = ["doma_panda=\udcff", 'doma_panda=a"b', f"doma_panda={'z' * 70}", "doma_panda=", "loop"]
    share = 1 if pytestconfig.getoption("--thorough") else 9
    for value in [*HOSTILE[SETTINGS.index(name) % share :: share], *odd]:
        monkeypatch.setenv(f"PANDADB_{name.upper()}", value)

        ended = pandadb("archive", "plan")

        assert ended.code in CODES
        assert ended.code == 0 or is_told(ended), (value[:60], ended)


@pytest.mark.parametrize("given", [b"PANDADB_APPLICATION_NAME=a\0b", b"\xff=1", b"PANDADB_\xff=1"])
def test_a_file_of_settings_that_cannot_be_is_a_sentence(
    given: bytes, pandadb: Any, folder: Path
) -> None:
    (folder / ".env").write_bytes(given)

    ended = pandadb("db", "url")

    assert (ended.code, is_told(ended)) == (2, True), ended


POLICIES = [
    b"\xff",
    b"a" * 100_000,
    b"[" * 10_000,
    b"x = " + b"[" * 10_000,
    b"x = " + b"9" * 5000,
    b"jobs_statuslog = 5",
    b"[jobs_statuslog]\nahead = nan",
    b"[jobs_statuslog]\nahead = 1001",
    b"[jobs_statuslog]\nahead = true",
    b"[jobs_statuslog]\nretention = 2026-11-20",
    b"[jobs_statuslog]\nretention = '999999999999 days'",
    b"[jobs_statuslog]\nretention = '999999 months'",
    b"[jobs_statuslog]\ninterval = '36500 days'\nahead = 1000",
    b"[jobs_statuslog]\ninterval = '0 days'",
    f"[jobs_statuslog]\ninterval = '{ARABIC} days'".encode(),
    b"[jedi_tasks]\ninterval = '999999999999999 ids'\nahead = 1000",
    b"[jobs_statuslog]\nthen = ['drop']",
    b"[jobs_statuslog]\n\x00 = 1",
]


@pytest.mark.parametrize("given", POLICIES, ids=lambda given: repr(given[:60]))
def test_policies_that_cannot_be_are_a_sentence(
    given: bytes, pandadb: Any, folder: Path, refusing_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "policies.toml").write_bytes(given)
    monkeypatch.setenv("PANDADB_URL", refusing_url)
    monkeypatch.setenv("PANDADB_POLICIES", "policies.toml")

    ended = pandadb("partitions", "plan")

    assert (ended.code, is_told(ended)) == (2, True), ended


HEADER = b"pandaid,wall_time,endtime\n"
RECORDS = [
    b"",
    b"\xff",
    HEADER.decode().encode("utf-16"),
    HEADER + b"\0,1,\n",
    HEADER + b'1,"60\n',
    HEADER + b"1," + b"6" * 200_000 + b",\n",
    HEADER + b"1,1e999999999,\n",
    HEADER + b"1,nan,\n",
    HEADER + b"inf,1,\n",
    HEADER + b"9" * 5000 + b",1,\n",
    HEADER + b"1_0,1,\n",
    HEADER + f"{ARABIC},1,\n".encode(),
    HEADER + b"1,1,0000-00-00\n",
    HEADER + b"1,1,9999-12-31T23:59:59-12:00\n",
    HEADER + b"1,1,0001-01-01T00:00:00+12:00\n",
    b"pandaid,wall_time,pandaid\n1,1,1\n",
]


@pytest.mark.parametrize("given", RECORDS, ids=lambda given: repr(given[-40:]))
def test_records_that_cannot_be_are_a_sentence(
    given: bytes, pandadb: Any, folder: Path, refusing_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "records.csv").write_bytes(given)
    monkeypatch.setenv("PANDADB_URL", refusing_url)

    ended = pandadb("jobs", "load", "records.csv", "--jeditaskid", "5")

    assert (ended.code, is_told(ended)) == (2, True), ended
