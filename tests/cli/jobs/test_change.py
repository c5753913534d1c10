"""Submitting, moving and retrying jobs from the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from pandadb.models import (
    FilesTable4,
    JobParamsTable,
    JobsActive4,
    JobsArchived4,
    JobsDefined4,
    JobsStatusLog,
)
from tests.factories import make_job, make_satellites
from tests.typed import pandadb

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pandadb.database import Database

    Run = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.any_server


JOB = {
    "computingsite": "CERN", "prodsourcelabel": "test", "parameters": "-n 5",
    "files": [{"type": "log", "lfn": "log.$PANDAID"}],
}  # fmt: skip


@pytest.fixture
def run(database: Database) -> Run:
    """Run a command on the test's database; return exit code, output and what it says of errors."""

    def command(*words: str) -> tuple[int, str, str]:
        ended = pandadb(database, *words)
        return ended.returncode, ended.stdout, ended.stderr

    return command


def test_jobs_of_a_file_are_submitted_with_their_files(
    run: Run, database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "jobs.json"
    file.write_text(json.dumps([JOB, JOB]))

    code, printed, _ = run("jobs", "submit", str(file), "--json")

    first, second = json.loads(printed)
    assert (code, second - first) == (0, 1)
    with database.session() as session:
        assert session.get_one(JobsDefined4, first).computingsite == "CERN"
        lfn = select(FilesTable4.lfn).where(FilesTable4.pandaid == first)
        assert session.scalar(lfn) == f"log.{first:05d}"


def test_jobs_may_come_one_a_line_with_times(run: Run, database: Database, tmp_path: Path) -> None:
    file = tmp_path / "jobs.jsonl"
    lines = [{"vo": "atlas"}, {"vo": "ops", "creationtime": "2026-11-20T09:00:00"}]
    file.write_text("\n".join(map(json.dumps, lines)) + "\n")

    code, printed, _ = run("jobs", "submit", str(file))

    with database.session() as session:
        job = session.get_one(JobsDefined4, int(printed.split()[1]))
        assert (code, job.vo, str(job.creationtime)) == (0, "ops", "2026-11-20 09:00:00")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[{", "this is not JSON"),
        ('{"vo": "a"}\n{"vo"', "line 2: this is not JSON"),
        ("[5]", "job 1: this is not a JSON object"),
        ('[{"vo": "a"}, {"vvo": "a"}]', "job 2 of 2: jobsactive4 has no column 'vvo': is it vo?"),
        ('[{"creationtime": "soon"}]', "job 1: creationtime cannot be 'soon'"),
        ('[{"replaces": "12"}]', "job 1: replaces has to be a list of PandaIDs, not '12'"),
    ],
)
def test_a_bad_file_is_a_sentence_and_nothing_is_submitted(
    run: Run, database: Database, tmp_path: Path, text: str, sentence: str
) -> None:
    file = tmp_path / "jobs.json"
    file.write_text(text)

    code, _, said = run("jobs", "submit", str(file))

    assert (code, sentence in said) == (2, True), said
    with database.session() as session:
        assert session.scalars(select(JobsDefined4.pandaid)).all() == []


def test_only_a_line_feed_ends_a_line(run: Run, database: Database, tmp_path: Path) -> None:
    file = tmp_path / "jobs.jsonl"
    ends = "a\u2028b\u2029c\x85d"
    lines = [json.dumps({"parameters": ends}, ensure_ascii=False), '{"vo": "ops"}']
    file.write_bytes("\r\n".join(lines).encode())

    code, printed, said = run("jobs", "submit", str(file))

    assert (code, len(printed.split())) == (0, 2), said
    with database.session() as session:
        assert ends in session.scalars(select(JobParamsTable.jobparameters)).all()


def test_a_time_with_a_zone_is_stored_as_utc(run: Run, database: Database, tmp_path: Path) -> None:
    file = tmp_path / "jobs.json"
    file.write_text('[{"starttime": "2026-11-20T09:00:00+02:00"}]')

    assert run("jobs", "submit", str(file))[0] == 0

    with database.session() as session:
        assert str(session.scalar(select(JobsDefined4.starttime))) == "2026-11-20 07:00:00"


def test_a_file_that_is_not_there_is_a_sentence(run: Run) -> None:
    code, _, said = run("jobs", "submit", "nowhere.json")

    assert (code, "nowhere.json cannot be read" in said) == (2, True)


def test_jobs_are_moved_with_values_and_those_that_cannot_go_say_why(
    run: Run, database: Database
) -> None:
    with database.session() as session:
        running, waiting = make_job(session, "running"), make_job(session, "waiting")

    code, printed, said = run(
        "jobs", "move", "fail", str(running), str(waiting), "--set", "piloterrorcode=1305"
    )

    assert (code, printed) == (1, "Moved: 1 (1 from running to failed).\n")
    assert f"Job {waiting} is waiting, which fail is not for: from there reset" in said
    with database.session() as session:
        failed = session.scalars(select(JobsArchived4)).one()
        assert (failed.pandaid, failed.piloterrorcode) == (running, 1305)


def test_a_dry_run_changes_nothing(run: Run, database: Database, tmp_path: Path) -> None:
    file = tmp_path / "jobs.json"
    file.write_text(json.dumps([JOB]))
    with database.session() as session:
        job = make_job(session, "assigned")

    assert run("jobs", "submit", str(file), "--dry-run")[1] == "1 jobs would be submitted.\n"
    printed = run("jobs", "move", "activate", str(job), "--dry-run")[1]
    assert printed == "Would move: 1 (1 from assigned to activated).\n"

    with database.session() as session:
        assert session.scalars(select(JobsDefined4.pandaid)).all() == [job]
        assert session.scalars(select(JobsStatusLog.pandaid)).all() == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("move", "finnish", "5"), "There is no verb 'finnish': is it finish?"),
        (("move", "heartbeat", "5"), "There is no verb 'heartbeat'"),
        (("move", "finish", "5"), "Job 5 is unknown: no table has it"),
        (("move", "finish", "5", "--set", "endtme=1"), "no column 'endtme': is it endtime?"),
        (("move", "finish", "5", "--set", "nevents=x"), "nevents cannot be 'x'"),
        (("retry", "5"), "Job 5 is unknown, or has not ended"),
        (("move", "kill", "5"), "Job 5 is unknown: no table has it"),
        (("move", "close", "5"), "jobs are killed and closed by `jobs kill`, with a code"),
        (("move", "kill hard", "5"), "jobs are killed and closed by `jobs kill`, with a code"),
        (
            ("move", "finish", *map(str, range(1, 12))),
            "These are 11 jobs: pass --yes to finish more",
        ),
    ],
)
def test_bad_words_are_a_sentence(run: Run, words: tuple[str, ...], sentence: str) -> None:
    code, _, said = run("jobs", *words)

    is_of_jobs = sentence.startswith(("Job 5", "These"))
    assert (code, sentence in said) == (1 if is_of_jobs else 2, True), said


def test_a_failed_job_is_tried_again_as_a_new_one(run: Run, database: Database) -> None:
    with database.session() as session:
        old = make_job(session, "failed")

    code, printed, _ = run("jobs", "retry", str(old), "--json")

    new = json.loads(printed)["jobs"][str(old)]
    with database.session() as session:
        job: Any = session.get_one(JobsActive4, new)
        assert (code, job.jobstatus, job.parentid) == (0, "activated", old)


def test_a_retry_is_of_the_attempt_that_was_meant(run: Run, database: Database) -> None:
    with database.session() as session:
        old = make_job(session, "failed", attemptnr=2)

    late = run("jobs", "retry", str(old), "--attemptnr", "1")
    assert (late[0], f"Job {old} is in attempt 2, not in 1" in late[2]) == (1, True)
    assert run("jobs", "retry", str(old), "--attemptnr", "2")[0] == 0


@pytest.mark.parametrize("by_job", [False, True])
def test_jobs_are_moved_with_a_report_on_their_files(
    run: Run, database: Database, tmp_path: Path, by_job: bool
) -> None:
    with database.session() as session:
        job = make_job(session, "running")
        make_satellites(session, job)
    report = {"output": {"fsize": 2000, "status": "ready"}}
    file = tmp_path / "report.json"
    file.write_text(json.dumps({job: report} if by_job else report))

    code, _, said = run("jobs", "move", "finish", str(job), "--files", str(file))

    assert code == 0, said
    with database.session() as session:
        fsize = select(FilesTable4.fsize).where(FilesTable4.type == "output")
        assert session.scalar(fsize) == 2000


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "has to be a JSON object"),
        ("{", "is not JSON"),
        ('{"output": {"size": 1}}', "no column 'size'"),
    ],
)
def test_a_malformed_report_is_a_sentence_and_nothing_moves(
    run: Run, database: Database, tmp_path: Path, text: str, sentence: str
) -> None:
    with database.session() as session:
        job = make_job(session, "running")
    file = tmp_path / "report.json"
    file.write_text(text)

    code, _, said = run("jobs", "move", "finish", str(job), "--files", str(file))

    assert (code, sentence in said) == (2, True), said
    with database.session() as session:
        assert session.get_one(JobsActive4, job).jobstatus == "running"
