"""Ranges of events from the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pandadb.core.events.states import EventStatus as Is
from tests.cli.test_commands import run
from tests.databases import render
from tests.event_tasks import holders, make_consumer, make_event_task
from tests.factories import make_job

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.database import Database

pytestmark = pytest.mark.any_server


@pytest.fixture
def url(database: Database) -> str:
    """A task with three ranges and a job that runs."""
    with database.session() as session:
        make_event_task(session, 3)
        make_consumer(session, "running", pandaid=60)
        make_consumer(session, "activated", pandaid=61)
    return render(database.engine.url)


def test_ranges_are_taken_listed_and_counted(url: str) -> None:
    tried = run("events", "take", "60", "--ranges", "2", "--dry-run", url=url)
    taken = run("events", "take", "60", "--ranges", "2", url=url)
    listed = run("events", "list", "--jeditaskid", "7", "--status", "sent", "--limit", "1", url=url)
    counted = run("events", "count", "--jeditaskid", "7", url=url)

    assert "Would be taken" in tried.stdout
    assert (taken.returncode, "7-60-0-11-3" in taken.stdout) == (0, True)
    assert "There are more: --after 7-60-0-1-3" in listed.stdout
    assert "1 can be taken." in counted.stdout
    page = json.loads(run("events", "list", "--pandaid", "60", "--json", url=url).stdout)
    assert [one["state"] for one in page["ranges"]] == ["sent", "sent"]
    counts = json.loads(run("events", "count", "--fileid", "0", "--json", url=url).stdout)
    assert counts == {"states": {"ready": 1, "sent": 2}, "free": 1}


def test_the_last_range_closes_jobs_in_the_queue_and_then_there_is_nothing(url: str) -> None:
    taken = run("events", "take", "60", url=url)
    again = run("events", "take", "60", "--json", url=url)

    assert "Closed, as no range is left: 1 jobs." in taken.stdout
    assert (again.returncode, json.loads(again.stdout)["ranges"]) == (3, {"60": []})


def test_a_refusal_is_a_sentence(url: str) -> None:
    refused = run("events", "take", "61", "1", url=url)

    assert refused.returncode == 1
    assert "Job 61 is activated: it takes ranges of events when it is sent" in refused.stderr
    assert "Job 1 is not active" in refused.stderr


def test_reports_are_stored_from_a_file(url: str, tmp_path: Path, database: Database) -> None:
    taken = json.loads(run("events", "take", "60", "--json", url=url).stdout)
    ids = [one["id"] for one in taken["ranges"]["60"]]
    said: list[dict[str, Any]] = [{"eventRangeID": one, "eventStatus": "finished"} for one in ids]
    file = tmp_path / "ranges.json"
    file.write_text(json.dumps([*said, {"eventRangeID": "7-1-0-1-3", "eventStatus": "failed"}]))

    tried = run("events", "report", str(file), "--dry-run", url=url)
    done = run("events", "report", str(file), "--json", url=url)
    again = run("events", "report", str(file), url=url)

    assert tried.stdout.startswith("Would be: 1 refused, 3 stored.")
    found = json.loads(done.stdout)
    assert (done.returncode, found["outcomes"]) == (1, ["stored"] * 3 + ["refused"])
    assert found["commands"] == {"60": None, "1": "tobekilled"}
    assert "Command for job 1: tobekilled" in again.stdout
    assert again.stdout.startswith("4 refused.")
    assert "Range 7-60-0-1-3 is finished already" in again.stderr
    assert {status for _, status, _ in holders(database).values()} == {Is.FINISHED}


def test_what_is_no_report_is_a_sentence(url: str, tmp_path: Path) -> None:
    file = tmp_path / "ranges.json"
    file.write_text("{}")

    refused = run("events", "report", str(file), url=url)

    assert refused.returncode == 2
    assert "the reports have to be a JSON array" in refused.stderr


def test_ranges_go_back(url: str, database: Database) -> None:
    run("events", "take", "60", url=url)
    with database.session() as session:
        make_job(session, "failed", 62, jeditaskid=7, eventservice=1)

    refused = run("events", "release", "60", url=url)
    tried = run("events", "release", "60", "--live", "--dry-run", url=url)
    done = run("events", "release", "60", "--live", "--json", url=url)
    nothing = run("events", "release", "62", url=url)

    assert refused.returncode == 1
    assert "Job 60 is running: it may still process its ranges" in refused.stderr
    assert "Would be released" in tried.stdout
    assert json.loads(done.stdout)["jobs"] == {"60": {"ready": 3}}
    assert nothing.returncode == 3


@pytest.mark.parametrize(
    "words",
    [
        ("list", "--status", "redy"),
        ("list", "--after", "x"),
        ("take", "60", "--ranges", "0"),
        ("take", "60", "60"),
    ],
)
def test_invalid_input_is_exit_code_2(url: str, words: tuple[str, ...]) -> None:
    assert run("events", *words, url=url).returncode == 2
