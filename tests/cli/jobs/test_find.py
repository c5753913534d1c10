"""Jobs looked at from the command line: every option of the filter, JSON, cursors, sentences."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from pandadb.database import Database
from pandadb.services import jobs
from tests import typed
from tests.factories import make_archived, make_job, make_log, make_retry, make_satellites

pytestmark = pytest.mark.any_server

DAY = datetime(2026, 11, 20)


@pytest.fixture
def pandadb(database: Database, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command; return its exit code and what it printed."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> tuple[int, str, str]:
        ended = typed.pandadb(database, *words)
        return ended.returncode, ended.stdout, ended.stderr

    return run


@pytest.fixture
def failed(database: Database) -> int:
    """The PandaID of a failed job among others."""
    with database.session() as session:
        make_job(session, "running", jeditaskid=8)
        pandaid = make_job(
            session, "failed", jeditaskid=7, computingsite="CERN", produsername="ann",
            prodsourcelabel="user", gshare="User", piloterrorcode=1305,
            piloterrordiag="lost [/b] heartbeat", modificationtime=DAY,
        )  # fmt: skip
        make_satellites(session, pandaid)
        make_log(session, pandaid, ("running", DAY), ("failed", DAY.replace(minute=2)))
        make_retry(session, 5, pandaid)
        make_archived(session, "finished")
    return pandaid


OPTIONS = (
    "--jobstatus failed --jobstatus closed",
    "--computingsite C*N",
    "--jeditaskid 7",
    "--produsername ann",
    "--prodsourcelabel user",
    "--gshare User",
    "--since 2026-11-20 --until 2026-11-20T00:00:01 --timecolumn modificationtime",
    "--errorcode pilot=1305",
    "--errortext ^lost",
    "--table jobsarchived4",
)


@pytest.mark.parametrize("options", OPTIONS)
def test_every_option_of_the_filter_chooses_jobs(pandadb: Any, failed: int, options: str) -> None:
    _, listed, _ = pandadb("jobs", "list", "--json", *options.split())
    _, counted, _ = pandadb("jobs", "count", "--json", *options.split())

    (job,) = json.loads(listed)["jobs"]
    assert job["pandaid"] == failed
    assert json.loads(counted) == [{"jobstatus": "failed", "jobs": 1}]


def test_jobs_are_listed_page_by_page_with_the_columns_one_wants(pandadb: Any, failed: int) -> None:
    words = ("--archive", "--columns", "pandaid,piloterrordiag", "--order", "jeditaskid")
    first = pandadb("jobs", "list", *words, "--limit", "1")[1]
    cursor = first.split("--after ")[1].strip()
    rest = json.loads(pandadb("jobs", "list", *words, "--after", cursor, "--json")[1])

    assert f"{failed} │ lost [/b] heartbeat" in first
    assert [*rest["jobs"][0]] == ["table", "pandaid", "piloterrordiag"]
    assert (len(rest["jobs"]), rest["next"]) == (2, None)
    every = pandadb("jobs", "list", "--columns", "all", "--json", "--pandaid", str(failed))[1]
    assert len(json.loads(every)["jobs"][0]) == 128


def test_a_job_is_shown_with_its_files(pandadb: Any, failed: int) -> None:
    code, shown, _ = pandadb("jobs", "show", str(failed))
    data = json.loads(pandadb("jobs", "show", str(failed), "--json")[1])

    assert code == 0
    assert f"Job {failed}" in shown
    assert "lost [/b] heartbeat" in shown
    assert "cpuconversion" not in shown
    assert data["cpuconversion"] is None
    assert [file["type"] for file in data["files"]] == ["input", "output", "log"]


def test_jobs_are_counted_by_columns(pandadb: Any, failed: int) -> None:
    counted = pandadb("jobs", "count", "--by", "table,jeditaskid", "--archive")[1]

    assert "jobsarchived4 │ 7          │    1" in counted
    assert "jobsarchived  │ -          │    1" in counted


def test_a_history_has_states_and_attempts(pandadb: Any, failed: int) -> None:
    shown = pandadb("jobs", "history", str(failed))[1]
    data = json.loads(pandadb("jobs", "history", str(failed), "--json")[1])

    assert "running │ 2026-11-20 00:00:00 │ 120.00" in shown
    assert [step["seconds"] for step in data["states"]] == [120, None]
    assert [attempt["pandaid"] for attempt in data["attempts"]] == [5, failed]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("show 5", "Job 5 is unknown"),
        ("history 5", "Job 5 is unknown"),
        ("list --jobstatus runing", "There is no state 'runing'"),
        ("list --errortext (", "errortext '(' is no regular expression"),
        ("list --after x", "'x' is no cursor"),
        ("count --by computingsit", "is it computingsite?"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_exit_code_2_what_is_not_there_1(
    pandadb: Any, words: str, sentence: str
) -> None:
    code, printed, said = pandadb("jobs", *words.split())

    assert (code, printed) == (1 if "unknown" in sentence else 2, "")
    assert sentence in said


def test_services_find_what_the_commands_show(database: Database, failed: int) -> None:
    chosen = jobs.Filter(jobstatus="failed")

    assert jobs.get(database, failed)["jobstatus"] == "failed"
    assert [job["pandaid"] for job in jobs.find(database, chosen).jobs] == [failed]
    assert jobs.count(database, by=["table"])[0]["jobs"] == 1
    assert len(jobs.history(database, failed).attempts) == 2
