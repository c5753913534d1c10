"""`pandadb archive restore --pandaid`, `pause` and `resume` as they are typed, in processes too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from typing import IO, TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from pandadb.cli.archive.app import app
from pandadb.services import archive
from tests.services.archive.rows.test_rows import everything, stop
from tests.services.archive.test_runs import ago, ids, make_days, write

if TYPE_CHECKING:
    from click.testing import Result

    from pandadb.database import Database

pytestmark = pytest.mark.any_server

DAY = ago(50).date()


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def an_archived_day(database: Database) -> None:
    write(database, *range(1, 13), days=50)
    make_days(database)
    archive.run(database)


CONTENTS = {"archived": an_archived_day}


@pytest.fixture
def archived(database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    """An archive with twelve jobs of a day."""
    monkeypatch.setenv("PANDADB_URL", database_url)
    return database


@pytest.mark.slow
def test_jobs_are_restored_told_and_go_back_with_exit_codes(archived: Database) -> None:
    before = everything(archived)
    dry = run("restore", "--pandaid", 1, "--pandaid", 99, "--dry-run")
    assert (dry.exit_code, everything(archived)) == (1, before)
    assert "Would restore 1 jobs; live already: 0; refused: 0" in dry.stdout
    assert ids(archived, "doma_panda.jobsarchived4") == []
    assert "Would go back as partitions: jobsarchived_p" in run("restore", DAY, "--dry-run").stdout

    done = run("restore", "--pandaid", 1, "--pandaid", 99)
    assert (done.exit_code, run("restore", "--pandaid", 1).exit_code) == (1, 3)
    rows = "(jobsarchived4 1, filestable4 2, jobparamstable 1, metatable 1)"
    assert f"Restored 1 jobs {rows}; live already: 0" in done.stdout
    assert done.stderr.splitlines()[-1] == "Job 99 is unknown: no table has it"

    assert "Would go back by rows" in run("restore", DAY, "--dry-run").stdout
    assert "deferred: 1" in run("run").stdout
    assert f"Archived by rows {DAY}: jobsarchived 1" in run("run", "--day", DAY).stdout
    assert everything(archived) == before


@pytest.mark.slow
def test_what_has_gone_and_what_not_is_told_with_exit_codes(archived: Database) -> None:
    write(archived, 1, 20, days=50)
    make_days(archived)
    refused = run("run")
    assert refused.exit_code == run("run").exit_code == 1
    assert "Job 1 is in jobsarchived4 and has rows in jobsarchived, too" in refused.stdout

    write(archived, 30, days=40)
    make_days(archived)
    archive.run(archived, only=[ago(40).date()])
    stop(archived, "doma_panda.jobsarchived4", 30)
    ended = run("restore", "--pandaid", 2, "--pandaid", 30)
    assert (ended.exit_code, "Restored 1 jobs" in ended.stdout) == (1, True)
    assert "is not what has left" in ended.stderr
    assert ended.stderr.endswith("\n1 jobs are still in the archive\n")


@pytest.mark.slow
def test_partitions_that_are_empty_but_not_free_are_exit_code_4(
    archived: Database,
) -> None:
    write(archived, 20, days=50)
    make_days(archived)
    partition = f"doma_panda.metatable_p{DAY:%Y_%m_%d}"
    with archived.session() as reader:
        reader.execute(text(f"SELECT FROM {partition}"))
        result = run("run", "--json")

    ran = json.loads(result.stdout)
    assert (result.exit_code, ran["merged"][0]["dropped"], len(ran["contended"])) == (4, [], 1)
    assert ran["merged"][0]["gone"]["jobs"] == [20]
    assert (run("run").exit_code, archive.plan(archived)) == (0, [])


@pytest.mark.slow
def test_many_jobs_are_asked_about_and_bad_input_is_a_sentence(archived: Database) -> None:
    refused = run("restore", "--task", 7)
    assert refused.exit_code == 1
    assert "pass --yes to restore more than 10 without confirmation" in refused.stderr
    assert ids(archived, "doma_panda.jobsarchived4") == []
    restored = run("restore", "--task", 7, "--yes", "--json")
    found = json.loads(restored.stdout)
    assert (len(found["gone"]["jobs"]), found["dry_run"]) == (12, False)
    assert json.loads(restored.stderr.splitlines()[1])["step"] == "restore"
    assert ids(archived, "doma_pandaarch.jobsarchived") == []

    assert run("restore").exit_code == 2
    assert run("restore", DAY, "--pandaid", 1).exit_code == 2
    assert run("restore", "--pandaid", -1).exit_code == 2
    assert "is unknown" in run("restore", "--pandaid", 999_999).stderr
    assert "Task 8 has no jobs, in no table" in run("restore", "--task", 8).stderr
    assert run("restore", "--pandaid", 1, "--batch-seconds", 0).exit_code == 2


def test_a_pause_is_told_by_all_and_ends_by_itself_or_by_hand(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PANDADB_URL", database_url)
    said = run("pause", "--reason", "the [disk] is full").stdout
    assert "The archive is paused by" in said
    assert ": the [disk] is full" in said
    for words in (("run",), ("restore", DAY), ("restore", "--pandaid", 1), ("compact",)):
        result = run(*words)
        assert (result.exit_code, words) == (5, words)
        assert "paused by" in result.output
    assert "the [disk] is full" in run("status").stdout
    assert json.loads(run("status", "--json").stdout)["paused"]
    assert (run("resume").exit_code, run("resume").exit_code) == (0, 3)
    assert run("run").exit_code == 3

    assert "(UTC) has passed" in str(run("pause", "--until", "2026-01-01").exception)
    assert " until 2999-01-01 08:00" in run("pause", "--until", "2999-01-01T08:00").stdout
    with database.session() as session:
        session.execute(text("UPDATE pandadb.archive_pause SET until = since"))
    assert run("run").exit_code == 3


@pytest.mark.slow
def test_a_run_waits_for_others_and_for_a_pause_from_another_process(
    archived: Database, database_url: str
) -> None:
    write(archived, 20, days=40)
    write(archived, 21, days=20)
    make_days(archived)
    update = text("UPDATE doma_panda.jobsarchived4 SET taskid = 1 WHERE pandaid = 21")

    def wait() -> None:
        with archived.session() as session:
            session.execute(update)

    with archived.session() as holds:
        holds.execute(update)
        waits = threading.Thread(target=wait)
        waits.start()
        time.sleep(1.2)
        running = _start("run", "--json", url=database_url)
        _until(running.stderr, "1 sessions wait for locks")
        assert run("pause").exit_code == 0
    waits.join()
    line = _until(running.stderr, "paused by")
    assert (line["day"], running.poll()) == (str(ago(40).date()), None)
    assert ids(archived, "doma_panda.jobsarchived4") == [20, 21]
    assert run("resume").exit_code == 0

    running.communicate(timeout=60)
    assert running.returncode == 0
    assert ids(archived, "doma_panda.jobsarchived4") == [21]


@pytest.mark.slow
def test_a_pause_that_outlasts_the_time_of_a_run_is_exit_code_5(archived: Database) -> None:
    write(archived, 20, days=40)
    write(archived, 21, days=35)
    make_days(archived)

    def pause(progress: archive.Progress) -> None:
        archive.pause(archived, reason="now")

    ran = archive.run(archived, max_time=3, tell=pause)

    assert (len(ran.left), ran.done) == (2, [])
    assert str(ran.paused).endswith(": now")


def _start(*words: str, url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pandadb", "archive", *words],
        env={**os.environ, "PANDADB_URL": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _until(lines: IO[str] | None, waiting: str) -> dict[str, Any]:
    for line in lines or ():
        said: dict[str, Any] = json.loads(line)
        if waiting in said.get("waiting", ""):
            return said
    raise AssertionError(waiting)
