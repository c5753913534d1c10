"""Reports, dumps, results, files and properties of jobs from the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from pandadb.models import JobControl, JobsDebug, MetaTable
from pandadb.services import jobs, queue
from pandadb.services.queue import NewQueueJob, Success
from tests import typed
from tests.factories import make_archived, make_job, make_satellites

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pandadb.database import Database

    Run = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.any_server


@pytest.fixture
def run(database: Database, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command of jobs; return exit code, output and errors."""
    monkeypatch.setenv("COLUMNS", "200")

    def command(*words: object) -> tuple[int, str, str]:
        ended = typed.pandadb(database, "jobs", *map(str, words))
        return ended.returncode, ended.stdout, ended.stderr

    return command


@pytest.fixture
def made(database: Database) -> dict[str, int]:
    """Jobs of the job queue with a group and metadata, one with a worker, and one of PanDA."""
    given: list[dict[str, Any]] = [
        {"name": "evgen.1", "group": "run 5", "metadata": {"run": 5, "sample": {"name": "Fe"}}},
        {"name": "evgen.2", "metadata": {"run": "5"}},
        {"name": "simul.1", "priority": 50},
    ]
    new = [NewQueueJob("demo", handler="nothing", **one) for one in given]
    pandaids = queue.submit(database, new).pandaids
    queue.claim(database, "demo", 1, owner="host1:7:abc")
    with database.session() as session:
        foreign = make_job(session, "failed", piloterrordiag="lost heartbeat", jobname="evgen.3")
        make_satellites(session, foreign)
    return {**dict(zip(("one", "two", "leased"), pandaids, strict=True)), "foreign": foreign}


def public_id(database: Database, pandaid: int) -> str:
    with database.session() as session:
        return session.scalars(
            select(JobControl.public_id).where(JobControl.pandaid == pandaid)
        ).one()


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--name", "evgen.*"], ["one", "two", "foreign"]),
        (["--name", "evgen.1", "--name", "simul*"], ["one", "leased"]),
        (["--error", "^lost"], ["foreign"]),
        (["--metadata", "run=5"], ["one", "two"]),
        (["--metadata", 'run="5"'], ["two"]),
        (["--metadata", "sample.name=Fe", "--metadata", "run=5"], ["one"]),
        (["--group", "run 5"], ["one"]),
        (["--worker", "host1:*"], ["leased"]),
        (["--next-queue", "no queue"], []),
        (["--leased"], ["leased"]),
        (["--not-leased", "--controlled"], ["one", "two"]),
        (["--not-controlled"], ["foreign"]),
        (["--not-held", "--name", "simul*"], ["leased"]),
    ],
    ids=" ".join,
)
def test_filter_options_choose_jobs(
    run: Run, made: dict[str, int], options: list[str], wanted: list[str]
) -> None:
    _, listed, _ = run("list", "--json", *options)
    code, counted, _ = run("list", "--count", *options)

    found = [job["pandaid"] for job in json.loads(listed)["jobs"]]
    assert found == sorted(made[name] for name in wanted)
    assert (code, counted) == (0, f"{len(wanted)}\n")


def test_a_list_shows_its_query(run: Run, made: dict[str, int]) -> None:
    code, sql, _ = run("list", "--sql", "--name", "evgen.*", "--jobstatus", "running")

    assert code == 0
    assert "FROM doma_panda.jobsactive4" in sql
    assert "LIKE 'evgen.%'" in sql


def test_jobs_are_named_by_public_ids(run: Run, database: Database, made: dict[str, int]) -> None:
    name = public_id(database, made["one"])

    assert f"States of job {made['one']} " in run("history", name)[1]
    assert json.loads(run("show", name, "--json")[1])["pandaid"] == made["one"]
    assert run("list", "--pandaid", name, "--pandaid", made["two"], "--count")[1] == "2\n"
    assert run("move", "throttle", name)[0] == 1, "its group gives it a place"
    other = public_id(database, made["two"])
    assert run("move", "throttle", other)[0] == 0
    assert run("kill", other, "--jobstatus", "throttled", "--yes")[0] == 0
    assert jobs.get(database, made["two"])["jobstatus"] == "cancelled"
    code, _, said = run("show", "bcdfghjkmnpq")
    assert (code, "no job has this public id" in said) == (1, True)
    code, _, said = run("show", "abcd")
    assert (code, "no public id of twelve letters" in " ".join(said.split())) == (2, True)


def test_a_report_has_bars_and_a_trend(run: Run, made: dict[str, int]) -> None:
    code, shown, _ = run("report", "--intervals", 2)
    data = json.loads(run("report", "--interval", "day", "--intervals", 3, "--json")[1])

    assert code == 0
    assert "activated │    2 │ ████" in shown
    assert "demo" in shown
    assert data["states"] == {"activated": 2, "sent": 1, "failed": 1}
    assert len(data["trend"]) == 3
    assert data["trend"][-1]["created"] == 3
    assert "No job matches." in run("report", "--name", "x")[1]
    code, _, said = run("report", "--interval", "hours")
    assert (code, "There is no interval 'hours': is it hour?" in said) == (2, True)


def test_a_dump_is_read_by_submit(
    run: Run, database: Database, made: dict[str, int], tmp_path: Path
) -> None:
    code, dumped, _ = run("dump", made["foreign"])
    file = tmp_path / "jobs.json"
    file.write_text(dumped)

    (line,) = dumped.splitlines()
    assert (code, json.loads(line)["record"]["job"]["piloterrordiag"]) == (0, "lost heartbeat")
    code, printed, _ = run("submit", file)
    assert code == 0
    again = jobs.get(database, int(printed))
    assert (again["jobname"], len(again["files"])) == ("evgen.3", 3)


def test_a_dump_has_control_rows_and_takes_filters(run: Run, made: dict[str, int]) -> None:
    code, dumped, _ = run("dump", "--controlled", "--name", "evgen.*")

    records = [json.loads(line)["record"] for line in dumped.splitlines()]
    assert (code, [one["job"]["pandaid"] for one in records]) == (
        0,
        sorted([made["one"], made["two"]]),
    )
    groups = {one["job"]["jobname"]: one["control"]["group_key"] for one in records}
    assert groups == {"evgen.1": "run 5", "evgen.2": None}
    code, _, said = run("dump", 5)
    assert (code, "Job 5 is unknown" in said) == (1, True)
    assert run("dump")[0] == 2


def test_an_output_is_the_result_and_the_end_of_the_text(run: Run, database: Database) -> None:
    with database.session() as session:
        job, silent = make_job(session, "running"), make_job(session, "running")
        session.add(MetaTable(pandaid=job, metadata_='{"x": [1]}'))
        session.add(JobsDebug(pandaid=job, stdout="step 5"))

    assert run("output", job)[:2] == (0, '{\n  "x": [\n    1\n  ]\n}\nstep 5\n')
    assert run("output", job, "--stdout")[:2] == (0, "step 5\n")
    assert json.loads(run("output", job, "--json")[1]) == {
        "pandaid": job, "jobstatus": "running", "result": {"x": [1]}, "stdout": "step 5",
    }  # fmt: skip
    code, printed, said = run("output", silent)
    assert (code, printed) == (1, "")
    assert f"Job {silent} is running, and has no result" in said


@pytest.mark.slow
def test_files_of_a_job_are_listed_and_those_of_its_folder_are_copied(
    run: Run, made: dict[str, int], tmp_path: Path
) -> None:
    job, work, copies = made["leased"], tmp_path / "work", tmp_path / "copies"
    for token in (9, 10):
        folder = work / f"{job}-{token}"
        (folder / "plots").mkdir(parents=True)
        (folder / "plots" / "a.txt").write_text(f"run {token}")
    (folder / "secret").symlink_to("/etc/passwd")
    where = ("--work-dir", work)

    assert "lfn" in run("files", made["foreign"])[1]
    assert json.loads(run("files", job, "--local", "--json", *where)[1]) == [
        {"name": "plots/a.txt", "size": 6}
    ]
    assert run("todir", job, *where)[:2] == (0, f"{folder}\n")
    code, printed, _ = run("files", job, "plots/a.txt", "--to", copies, *where)
    assert (code, printed) == (0, f"{copies / 'plots/a.txt'}\n")
    assert (copies / "plots/a.txt").read_text() == "run 10"
    for name in ("secret", "../x", "/etc/passwd"):
        code, _, said = run("files", job, name, "--to", copies, *where)
        assert (code, "has no file" in said) == (1, True)


def test_a_job_without_a_folder_here_is_a_sentence(
    run: Run, made: dict[str, int], tmp_path: Path
) -> None:
    code, printed, said = run("todir", made["one"], "--work-dir", tmp_path)

    assert (code, printed) == (1, "")
    assert f"Job {made['one']} has no folder on this machine" in said


def test_properties_are_set_and_refusals_are_printed(
    run: Run, database: Database, made: dict[str, int]
) -> None:
    queue.register(database, "w", ["demo", "other"], 4)
    code, printed, said = run("set", made["one"], made["leased"], "--set", "corecount=7")

    assert (code, printed) == (1, "Set: 1 jobs (1 activated).\n")
    assert f"Job {made['leased']} is " in said
    assert jobs.get(database, made["one"])["corecount"] == 7
    words = ("set", "--name", "evgen.*", "--set", "corecount=8", "--resources", '{"nodes": 2}')
    dry = run(*words, "--dry-run", "--json")
    assert (dry[0], json.loads(dry[1])["changed"]) == (
        0,
        sorted([made["one"], made["two"]]),
    )
    assert run(*words)[0] == 1  # it needs a confirmation
    assert run(*words, "--yes", "--queue", "other")[:2] == (0, "Set: 2 jobs (2 activated).\n")
    job = jobs.get(database, made["two"])
    assert (job["corecount"], job["computingsite"]) == (8, "other")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("set", "5"), "There is no property to set"),
        (("set", "--priority", "5"), "or by at least one option"),
        (("set", "5", "--set", "jobstatus=failed"), "is no property that can be set"),
        (("set", "5", "--set", "corecount"), "is not COLUMN=VALUE"),
        (("set", "5", "--resources", "{"), "This is not JSON"),
        (("set", "5", "--resources", "[1]"), "This is not an object"),
        (("list", "--metadata", "run"), "is not NAME=VALUE"),
        (("list", "--error", "("), "is no regular expression"),
        (("list", "--name", "a\0b"), "cannot have a NUL"),
    ],
)
def test_invalid_input_is_a_sentence(run: Run, words: tuple[str, ...], sentence: str) -> None:
    code, _, said = run(*words)

    assert code == 2
    assert sentence in " ".join(said.replace("│", " ").split())


def test_a_result_of_a_worker_is_printed(run: Run, database: Database) -> None:
    queue.submit(database, [NewQueueJob("demo", handler="nothing")])
    (lease,) = queue.claim(database, "demo", 1, owner="w")
    queue.finish(database, Success(lease, {"x": 4}))

    assert json.loads(run("output", lease.pandaid)[1]) == {"x": 4}


def test_an_archived_job_is_dumped_if_asked(run: Run, database: Database) -> None:
    with database.session() as session:
        archived = make_archived(session, "finished")

    assert run("dump", archived)[0] == 1
    code, dumped, _ = run("dump", archived, "--archive")
    assert (code, json.loads(dumped)["record"]["job"]["table"]) == (0, "jobsarchived")


def test_other_commands_take_public_ids_as_well(
    run: Run, database: Database, made: dict[str, int]
) -> None:
    name = public_id(database, made["one"])

    def typed_words(*words: str) -> str:
        ended = typed.pandadb(database, *words)
        return ended.stdout + ended.stderr

    assert f"Job {made['one']}" in typed_words("archive", "explain", name)
    assert f"Job {made['one']}" in typed_words("errors", "explain", name)
    assert f"Job {made['one']}" in typed_words("shares", "match", name)
    assert f"{made['one']}" in typed_words("sites", "candidates", name)
