"""What is printed for people, for programs, and by --quiet; and what --help calls its values."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from pandadb.cli.main import program
from tests.cli.test_commands import commands, run
from tests.factories import make_job

if TYPE_CHECKING:
    import subprocess

    from pandadb.database import Database

pytestmark = pytest.mark.any_server


def url_of(database: Database) -> str:
    return database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def lines(ended: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """Return the lines of standard error, all of which are objects with a time."""
    found = [json.loads(line) for line in ended.stderr.splitlines()]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", line["time"]) for line in found)
    return found


@pytest.mark.parametrize(
    ("words", "url", "code", "sentence"),
    [
        ("jobs list --limit x", None, 2, "Invalid value for '--limit': 'x' is not a whole number."),
        ("jobs list --colour red", None, 2, "No such option: --colour"),
        ("jobs show", None, 2, "Missing argument 'JOB'."),
        ("jobs count --since soon", None, 2, "'soon' is no time"),
        ("db upgrade", None, 2, "No such option: --json"),
        ("jobs submit nowhere.json", None, 2, "nowhere.json cannot be read"),
        ("jobs expire", "mysql://me:secret@db/x", 2, "works on PostgreSQL"),
        ("jobs expire", None, 2, "PANDADB_URL is not set"),
        ("db check", "postgresql://me:secret@127.0.0.1:1/x", 1, "cannot be used"),
    ],
)
def test_an_error_is_an_object_for_programs(
    words: str, url: str | None, code: int, sentence: str
) -> None:
    ended = run(*words.split(), "--json", url=url)

    said = lines(ended)[-1]
    assert (ended.returncode, ended.stdout, said["code"]) == (code, "", code)
    assert sentence in said["error"]
    assert "secret" not in ended.stderr


def test_what_is_refused_is_a_line_for_programs(database: Database) -> None:
    with database.session() as session:
        waiting = make_job(session, "waiting")

    ended = run("jobs", "move", "fail", str(waiting), "5", "--json", url=url_of(database))

    named, *refused = lines(ended)
    assert (ended.returncode, len(json.loads(ended.stdout)["refused"])) == (1, 2)
    assert named["database"].startswith("postgresql://")
    assert sorted(one["note"].split(",")[0] for one in refused) == sorted(
        [f"Job {waiting} is waiting", "Job 5 is unknown: no table has it"]
    )


def test_the_words_after_two_dashes_are_no_options() -> None:
    ended = run("jobs", "show", "--", "--json")

    assert (ended.returncode, ended.stderr[:6]) == (2, "Usage:")


@pytest.mark.slow
def test_quiet_prints_all_if_something_is_wrong_and_else_nothing(database: Database) -> None:
    with database.session() as session:
        running, waiting = make_job(session, "running"), make_job(session, "waiting")
    url = url_of(database)

    wrong = run("jobs", "move", "fail", str(running), str(waiting), "--quiet", url=url)
    usage = run("jobs", "expire", "-q", "--limit", "x", url=url)
    fine = [
        run("jobs", "move", "reset", str(waiting), "--quiet", url=url),
        run("jobs", "expire", "--json", "--quiet", url=url),
        run("archive", "run", "--quiet", url=url),
        run("archive", "resume", "-q", url=url),
    ]

    assert (wrong.returncode, wrong.stdout) == (1, "Moved: 1 (1 from running to failed).\n")
    assert [line.split()[0] for line in wrong.stderr.splitlines()] == ["Database:", "Job"]
    assert (usage.returncode, "is not a whole number" in usage.stderr) == (2, True)
    assert [one.returncode for one in fine] == [0, 0, 3, 3]
    assert [(one.stdout, one.stderr) for one in fine] == [("", "")] * 4


def test_a_question_that_nobody_would_see_is_not_asked(database: Database) -> None:
    ended = run("db", "downgrade", "base", "--quiet", url=url_of(database))

    assert ended.returncode == 1
    assert ended.stderr.endswith("pandadb: There is no terminal for a confirmation: pass --yes\n")


def test_help_names_values_and_not_types(
    capsys: pytest.CaptureFixture[str], subtests: pytest.Subtests
) -> None:
    for path in [(), *commands()]:
        command = program()
        for name in path:
            command = command.commands[name]

        command.get_help(command.context_class(command, info_name="pandadb"))

        shown = capsys.readouterr().out
        with subtests.test(" ".join(path)):
            assert "--help" in shown
            assert not re.search(r"<\w+|\bBOOL", shown)
