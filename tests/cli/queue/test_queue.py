"""Job queues from the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from pandadb.services import queue
from pandadb.services.queue import NewQueueJob
from tests.cli.test_commands import run
from tests.databases import render

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.database import Database

pytestmark = pytest.mark.any_server


@pytest.fixture
def url(database: Database) -> str:
    return render(database.engine.url)


def submitted(*words: str, url: str) -> list[int]:
    done = run("queue", "submit", *words, "--json", url=url)
    assert done.returncode == 0, done.stderr
    found: list[int] = json.loads(done.stdout)["pandaids"]
    return found


def test_a_program_is_submitted_listed_and_cancelled(database: Database, url: str) -> None:
    tried = run("queue", "submit", "--queue", "demo", "--argv", "true", "--dry-run", url=url)
    done = run("queue", "submit", "--queue", "demo", "--argv", "echo", "--argv", "-n", url=url)
    pandaid, public_id = done.stdout.split()

    assert tried.stdout == "Would be submitted: 1 jobs.\n"
    (lease,) = queue.claim(database, "demo", 9, owner="w")
    assert (lease.pandaid, lease.public_id) == (int(pandaid), public_id)
    assert lease.parameters == {"argv": ["echo", "-n"]}
    queue.register(database, "w", ["demo", "other"], 4)
    listed, other = json.loads(run("queue", "list", "--json", url=url).stdout)["queues"]
    assert (listed["queue"], listed["running"], listed["ready"]) == ("demo", 1, 0)
    assert [(one["workers"], one["slots"]) for one in (listed, other)] == [(1, 4), (1, 4)]
    assert "demo" in run("queue", "list", url=url).stdout
    cancelled = run("queue", "cancel", pandaid, "99", url=url)
    assert cancelled.returncode == 1
    assert cancelled.stdout == "Cancelled: 1 jobs (1 cancelled).\n"
    assert "Job 99 is unknown" in cancelled.stderr


@pytest.mark.slow
def test_a_file_of_jobs_has_dependencies_and_defaults(
    database: Database, url: str, tmp_path: Path
) -> None:
    file = tmp_path / "jobs.json"
    file.write_text('[{"name": "A", "handler": "h"}, {"parents": ["A"], "priority": 5}]')

    ids = submitted(str(file), "--queue", "demo", "--group", "g", url=url)
    again = run("queue", "submit", str(file), url=url)

    assert len(ids) == 2
    assert (again.returncode, again.stdout) == (2, "")
    assert "Job number 1: it has no queue" in again.stderr
    (group,) = json.loads(run("queue", "groups", "list", "--json", url=url).stdout)
    assert group == {"group_key": "g", "max_running": 1, "admitted": 1, "waiting": 0}


@pytest.mark.slow
def test_a_handler_has_arguments_and_a_mail_is_sent_at_the_end(
    database: Database, url: str, tmp_path: Path
) -> None:
    words = ("--handler", "add", "--arguments", '{"x": 1}', "--mail", "me@example.org")
    submitted("--queue", "demo", "--name", "sum", *words, url=url)
    (lease,) = queue.claim(database, "demo", 1, owner="w")
    assert lease.parameters == {"handler": "add", "arguments": {"x": 1}}
    queue.finish(database, lease)

    waiting = json.loads(run("queue", "outbox", "list", "--json", url=url).stdout)
    lines = run("queue", "outbox", "send", "--to", "stdout", "--dry-run", url=url)
    sent = run("queue", "outbox", "send", "--to", str(tmp_path / "mails"), url=url)
    none = run("queue", "outbox", "send", "--to", "stdout", url=url)

    assert [(one["kind"], one["state"]) for one in waiting] == [("job ended", "waiting")]
    assert lines.stdout == "Events that wait to be sent: 1.\n"
    assert (sent.returncode, none.returncode, none.stdout) == (0, 3, "")
    (file,) = (tmp_path / "mails").iterdir()
    assert "Subject: Job sum has ended: finished" in file.read_text()


@pytest.mark.slow
def test_an_event_that_was_given_up_is_sent_again(database: Database, url: str) -> None:
    queue.submit(database, [NewQueueJob("demo", "sum", announce=True)])
    queue.finish(database, queue.claim(database, "demo", 1, owner="w"))
    no_server = run("queue", "outbox", "send", url=url)
    assert (no_server.returncode, "PANDADB_SMTP_HOST is not set" in no_server.stderr) == (2, True)

    given_up = run("queue", "outbox", "send", url=url, PANDADB_SMTP_HOST="127.0.0.1")
    assert (given_up.returncode, "given up: 1" in given_up.stdout) == (1, True)
    assert "The event is for no address" in given_up.stderr
    listed = run("queue", "outbox", "list", "--state", "given up", url=url)
    assert "The event is for no address" in listed.stdout

    event = json.loads(run("queue", "outbox", "list", "--json", url=url).stdout)[0]["event_id"]
    again = run("queue", "outbox", "again", str(event), "99", url=url)
    assert (again.returncode, again.stdout) == (1, "Will be sent: 1 events.\n")
    line = json.loads(run("queue", "outbox", "send", "--to", "stdout", url=url).stdout)
    assert (line["kind"], line["payload"]["name"]) == ("job ended", "sum")


@pytest.mark.slow
def test_problems_of_queues_are_for_monitors(database: Database, url: str) -> None:
    queue.submit(database, [NewQueueJob("idle", announce=True), NewQueueJob("idle")])
    fine = run("queue", "list", "--check", url=url)
    queue.claim(database, "idle", 1, owner="w")
    with database.session() as session:
        for changed in (
            "doma_panda.jobsactive4 SET statechangetime = '2020-01-01'",
            "pandadb.job_lease SET until = '2020-01-01'",
        ):
            session.execute(text(f"UPDATE {changed}"))
        given_up = (
            "INSERT INTO pandadb.outbox (kind, payload, given_up_at) VALUES ('x', '1', now())"
        )
        session.execute(text(given_up))

    checked = run("queue", "list", "--check", url=url)

    assert (fine.returncode, fine.stderr) == (0, "")
    assert checked.returncode == 1
    assert "Problem: Queue idle has 1 jobs that are ready, the oldest for " in checked.stderr
    assert "Problem: 1 leases have expired: pandadb queue reap" in checked.stderr
    assert "Problem: 1 events were given up: pandadb queue outbox list" in checked.stderr
    assert len(json.loads(run("queue", "list", "--json", url=url).stdout)["problems"]) == 3


@pytest.mark.slow
def test_a_group_gets_another_limit(database: Database, url: str) -> None:
    queue.submit(database, [NewQueueJob("demo", group="g")] * 3)

    tried = run("queue", "groups", "set", "g", "3", "--dry-run", url=url)
    done = run("queue", "groups", "set", "g", "2", url=url)

    assert tried.stdout == "2 jobs more would be admitted.\n"
    assert done.stdout == "1 jobs more are admitted.\n"


@pytest.mark.slow
def test_a_repair_says_what_it_has_found(database: Database, url: str) -> None:
    (job,) = queue.submit(database, [NewQueueJob("demo", handler="h")]).pandaids
    queue.claim(database, "demo", 1, owner="w")
    with database.session() as session:
        session.execute(text("UPDATE doma_panda.jobsactive4 SET jobstatus = 'activated'"))

    tried = run("queue", "repair", "--dry-run", "--json", url=url)
    done = run("queue", "repair", url=url)
    again = run("queue", "repair", url=url)

    assert json.loads(tried.stdout)["leases"] == [job]
    assert (done.returncode, "leases without a worker" in done.stdout) == (0, True)
    assert again.returncode == 3


@pytest.mark.slow
def test_expired_leases_are_reaped(database: Database, url: str) -> None:
    (job,) = queue.submit(database, [NewQueueJob("demo", handler="h", max_attempts=2)]).pandaids
    queue.claim(database, "demo", 1, owner="w")
    assert run("queue", "reap", url=url).returncode == 3
    with database.session() as session:
        session.execute(text("UPDATE pandadb.job_lease SET until = '2020-01-01'"))

    tried = run("queue", "reap", "--dry-run", "--json", url=url)
    done = run("queue", "reap", url=url)

    assert json.loads(tried.stdout)["requeued"] == [job]
    assert done.stdout == "Leases ended: requeued 1, failed 0, cancelled 0.\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--queue", "q"], "Give either a file, or --argv, or --handler"),
        (["--argv", "a", "--handler", "h", "--queue", "q"], "Give either a file"),
        (["--argv", "a"], "--queue is needed"),
        (["--argv", "a", "--queue", "q", "--arguments", "{}"], "are those of a --handler"),
        (["--handler", "a", "--queue", "q", "--arguments", "5"], "have to be a JSON object"),
        (["--argv", "a", "--queue", "q", "--on-failure", "x"], "block, ignore, cancel"),
        (["--argv", "a", "--queue", "q", "--parent", "4711"], "there is no such job"),
        (["missing.json"], "cannot be read as UTF-8 text"),
    ],
)
def test_what_cannot_be_is_a_sentence(url: str, words: list[str], said: str) -> None:
    done: Any = run("queue", "submit", *words, url=url)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.replace("│", " ").split())
