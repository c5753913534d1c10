"""Rows that were left at 1970-01-01 when their jobs ended: reported, and mended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from pandadb.cli.main import app
from pandadb.services import archive
from pandadb.services.archive import ArchiveBusy, CheckResult, Stragglers
from pandadb.services.archive.run_lock import RUN
from pandadb.services.locks import advisory_lock
from tests.factories import make_job
from tests.services.archive.test_runs import ago, ids, make_days, scalar, write

if TYPE_CHECKING:
    from pandadb.database import Database

NEVER = "1970-01-01"
SENTENCE = (
    "Of 2 jobs that have ended, rows are still at 1970-01-01 (metatable 2, filestable4 2): 1, 3. "
    "pandadb archive mend gives them the times of their jobs"
)


def leave_behind(database: Database, table: str, *pandaids: int) -> None:
    """Have rows of ended jobs at 1970-01-01, as if they had come after the end."""
    with database.session() as session:
        query = f"UPDATE doma_panda.{table} SET modificationtime = '{NEVER}'"
        session.execute(text(f"{query} WHERE pandaid = ANY(:ids)"), {"ids": [*pandaids]})


def rows_left(database: Database) -> None:
    write(database, 1, 2, days=50)
    write(database, 3, 4, days=20)
    with database.session() as session:
        session.execute(text("UPDATE doma_panda.jobsarchived4 SET jobstatus = 'failed'"))
        make_job(session, "running", 6)
        files = "(row_id, pandaid, type) VALUES (60, 6, 'input'), (61, 6, 'output')"
        session.execute(text(f"INSERT INTO doma_panda.filestable4 {files}"))
        session.execute(text("INSERT INTO doma_panda.metatable (pandaid) VALUES (5), (6)"))
    leave_behind(database, "metatable", 1, 3)
    leave_behind(database, "filestable4", 3)
    make_days(database)
    archive.run(database)


CONTENTS = {"left": rows_left}


@pytest.fixture
def left(database: Database) -> Database:
    """Jobs 1 and 2, archived, and 3 and 4, ended: 1 and 3 have left rows behind; 5 is unknown."""
    return database


@pytest.mark.slow
def test_rows_get_the_times_of_their_jobs_and_go_where_these_are(left: Database) -> None:
    found = archive.stragglers(left)
    assert found == Stragglers({"metatable": 2, "filestable4": 2}, [1, 3], [5])
    assert ids(left, "doma_pandaarch.metatable_arch") == [2]

    mended = archive.mend(left)

    assert mended.rows == {"filestable4": 2, "metatable": 2, "jobparamstable": 0}
    assert (mended.gone.jobs, mended.gone.rows["doma_pandaarch.metatable_arch"]) == ([1], 1)
    assert mended.left == Stragglers({}, [], [5])
    assert ids(left, "doma_pandaarch.metatable_arch") == [1, 2]
    of_3 = f"modificationtime = '{ago(20)}' AND pandaid = 3"
    assert scalar(left, f"SELECT count(*) FROM doma_panda.metatable WHERE {of_3}") == 1
    failed = f"SELECT string_agg(type, ',') FROM doma_panda.filestable4 WHERE {of_3}"
    assert scalar(left, f"{failed} AND status = 'failed'") == "log"
    never = f"SELECT count(*) FROM doma_panda.filestable4 WHERE modificationtime = '{NEVER}'"
    assert scalar(left, never) == 2  # of the job that lives
    assert {one.found for one in archive.verify(left)} == {CheckResult.SAME}
    assert not any(archive.mend(left).rows.values())


@pytest.mark.slow
def test_a_row_that_is_at_the_right_time_too_stays_and_is_reported(left: Database) -> None:
    with left.session() as session:
        session.execute(text("INSERT INTO doma_panda.metatable (pandaid) VALUES (4)"))

    mended = archive.mend(left)

    assert mended.left.jobs == [4]
    assert ids(left, "doma_panda.metatable") == [3, 4, 4, 5, 6]


@pytest.mark.slow
def test_nothing_is_mended_while_a_run_is_at_work(left: Database) -> None:
    with advisory_lock(left, RUN), pytest.raises(ArchiveBusy, match="try again when it has ended"):
        archive.mend(left)
    assert archive.stragglers(left).jobs == [1, 3]


@pytest.mark.slow
def test_runs_and_checks_say_what_is_left_and_a_command_mends_it(
    left: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PANDADB_URL", database_url)

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, [*words])
        return done.exit_code, done.stdout

    assert archive.run(left).notes[-1] == SENTENCE
    assert run("db", "check")[0] == 1
    assert SENTENCE in run("db", "check")[1].splitlines()
    code, said = run("archive", "mend", "--dry-run", "--json")
    assert (code, json.loads(said)["jobs"]) == (0, [1, 3])
    code, said = run("archive", "mend")
    assert code == 0
    assert "Got the times of their jobs: filestable4 2, metatable 2." in said
    assert "Followed their jobs to the archive: metatable_arch 1." in said
    assert "Rows at 1970-01-01 of 1 PandaIDs stay: this database has no such job." in said
    assert run("archive", "mend")[0] == 3
    assert "1970" not in run("db", "check")[1]
