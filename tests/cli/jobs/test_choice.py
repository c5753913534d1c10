"""Jobs moved and killed by filter options: the confirmation, the dry run, the result."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import typer
from sqlalchemy import select

from pandadb.models import JobsActive4, JobsArchived4, JobsDefined4
from tests.factories import make_job
from tests.typed import pandadb

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandadb.database import Database

    Run = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.any_server

TASK = 13332803


@pytest.fixture
def run(database: Database) -> Run:
    """Run a command of jobs; return exit code, output and errors."""

    def command(*words: object) -> tuple[int, str, str]:
        ended = pandadb(database, "jobs", *map(str, words))
        return ended.returncode, ended.stdout, ended.stderr

    return command


@pytest.fixture
def made(database: Database) -> list[int]:
    """Two defined jobs of a task, one assigned, one running, one finished; one of another task."""
    states = ("defined", "defined", "assigned", "running", "finished")
    with database.session() as session:
        own = [make_job(session, s, jeditaskid=TASK, prodsourcelabel="user") for s in states]
        return [*own, make_job(session, "defined", jeditaskid=7)]


def live(database: Database) -> dict[int, str]:
    with database.session() as session:
        rows: list[Any] = [
            *session.execute(select(JobsDefined4.pandaid, JobsDefined4.jobstatus)),
            *session.execute(select(JobsActive4.pandaid, JobsActive4.jobstatus)),
        ]
    return dict(sorted(tuple(row) for row in rows))


def test_jobs_that_match_all_options_move(run: Run, database: Database, made: list[int]) -> None:
    code, printed, _ = run(
        "move", "activate", "--jeditaskid", TASK, "--jobstatus", "defined", "--yes"
    )

    assert (code, printed) == (0, "Moved: 2 (2 from defined to activated).\n")
    assert [*live(database).values()] == [
        "activated", "activated", "assigned", "running", "defined",
    ]  # fmt: skip


def test_refused_jobs_are_exit_code_1_and_the_others_move(run: Run, made: list[int]) -> None:
    code, printed, said = run("move", "activate", "--jeditaskid", TASK, "--yes")

    assert (code, printed) == (
        1, "Moved: 3 (1 from assigned to activated, 2 from defined to activated).\n",
    )  # fmt: skip
    assert f"Job {made[3]} is running, which activate is not for" in said
    assert str(made[4]) not in said  # it has ended


def test_a_dry_run_needs_no_confirmation_and_changes_nothing(
    run: Run, database: Database, made: list[int]
) -> None:
    before = live(database)

    moved = run("move", "activate", "--jobstatus", "defined", "--dry-run")
    killed = run("kill", "--jeditaskid", TASK, "--dry-run", "--by", "ann")

    assert moved[:2] == (0, "Would move: 3 (3 from defined to activated).\n")
    assert killed[:2] == (
        0,
        "Would be killed: 3 (1 from assigned to cancelled, 2 from defined to cancelled); running "
        "and asked to stop: 1.\n",
    )
    assert live(database) == before


def test_a_kill_as_json(run: Run, database: Database, made: list[int]) -> None:
    code, printed, _ = run("kill", "--jeditaskid", TASK, "--code", 51, "--yes", "--json")

    found = json.loads(printed)
    assert (code, {*found["jobs"]}, found["told"]) == (0, {*map(str, made[:3])}, [made[3]])
    with database.session() as session:
        assert len(session.scalars(select(JobsArchived4.pandaid)).all()) == 4


def test_pandaids_and_options_have_to_match_both(run: Run, made: list[int]) -> None:
    code, printed, _ = run(
        "kill", *made, "--jobstatus", "assigned", "--jobstatus", "finished", "--yes", "--json"
    )

    assert (code, {*json.loads(printed)["jobs"]}) == (0, {str(made[2])})


@pytest.mark.parametrize("command", [("move", "activate"), ("kill",)])
@pytest.mark.parametrize("options", [(), ("--timecolumn", "endtime"), ("--yes",)])
def test_without_pandaids_at_least_one_option_is_needed(
    run: Run, database: Database, made: list[int], command: tuple[str], options: tuple[str]
) -> None:
    before = live(database)

    code, _, said = run(*command, *options)

    assert code == 2
    assert "or by at least one option such as" in " ".join(said.replace("│", " ").split())
    assert live(database) == before


def test_even_one_job_of_a_filter_needs_a_confirmation(
    run: Run, database: Database, made: list[int]
) -> None:
    before = live(database)

    code, _, said = run("kill", "--jobstatus", "assigned")

    assert (code, "There is no terminal for a confirmation: pass --yes" in said) == (1, True)
    assert live(database) == before


@pytest.mark.parametrize("answer", [True, False])
def test_a_terminal_is_asked_with_the_number_of_jobs(
    run: Run, database: Database, made: list[int], monkeypatch: pytest.MonkeyPatch, answer: bool
) -> None:
    before, asked = live(database), []

    def confirm(question: str, **_: object) -> None:
        asked.append(question)
        if not answer:
            raise typer.Abort

    monkeypatch.setattr("pandadb.cli.confirm._can_be_asked", lambda: True)
    monkeypatch.setattr(typer, "confirm", confirm)

    code, printed, _ = run("move", "reset", "--jobstatus", "assigned", "--jobstatus", "activated")

    assert (asked, code) == (["Reset 1 jobs?"], int(not answer))
    assert (live(database) == before) is not answer
    assert ("Moved: 1 (1 from assigned to defined)." in printed) is answer


def test_no_match_is_no_question(run: Run, made: list[int]) -> None:
    assert run("move", "activate", "--jeditaskid", 8)[:2] == (0, "Moved: 0 (-).\n")
    assert run("move", "activate", "--jobstatus", "failed")[:2] == (0, "Moved: 0 (-).\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("move", "finnish", "--jeditaskid", "5"), "There is no verb 'finnish': is it finish?"),
        (("move", "close", "--jeditaskid", "5"), "jobs are killed and closed by `jobs kill`"),
        (("kill", "--jobstatus", "runing"), "There is no state 'runing'"),
        (("kill", "--jeditaskid", "5", "--code", "1"), "the codes are 2, 3, 4"),
        (("move", "fail", "--jeditaskid", "5", "--set", "x=1"), "has no column 'x'"),
        (("kill", "--archive", "--jeditaskid", "5"), "No such option"),
        (("move", "finish", "--jeditaskid", "5", "--files", "-"), "is of jobs named by PandaIDs"),
    ],
)
def test_wrong_words_are_a_sentence_before_the_confirmation(
    run: Run, words: tuple[str, ...], sentence: str
) -> None:
    code, _, said = run(*words)

    assert (code, sentence in said) == (2, True), said


def test_of_many_refusals_some_are_printed(run: Run, database: Database) -> None:
    with database.session() as session:
        for _ in range(25):
            make_job(session, "running", jeditaskid=TASK)

    code, _, said = run("move", "activate", "--jeditaskid", TASK, "--yes")

    assert (code, said.count("which activate is not for")) == (1, 20)
    assert "5 more were refused: --json has all of them" in said
