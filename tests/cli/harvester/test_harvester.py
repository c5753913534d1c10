"""Harvester from the command line: looked at, commanded, registered, cleaned."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from pandadb.models import HarvesterCommands, HarvesterWorkers
from pandadb.services import harvester
from pandadb.services.harvester import HarvesterCommand
from tests.cli.test_commands import run
from tests.databases import render
from tests.harvester_workers import report

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server

SECRET = "hunter2"


@pytest.fixture
def url(database: Database) -> str:
    """A database with a Harvester, four workers and a command."""
    harvester.hear(database, "H1", "/CN=Some Operator", "host1")
    states = ["running", "running", "submitted", "failed"]
    workers = [report(n, s, pandaid_list=[10 + n]) for n, s in enumerate(states, start=1)]
    workers[3]["diagMessage"] = f"no proxy: password={SECRET}"
    harvester.update_workers(database, "H1", workers)
    harvester.send_commands(database, HarvesterCommand("H1", "OLD", {"token": SECRET}))
    return render(database.engine.url)


def of(*words: str, url: str) -> Any:
    done = run("harvester", *words, "--json", url=url)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_status_has_numbers_of_workers_and_commands(url: str) -> None:
    (found,) = of("status", url=url)
    shown = run("harvester", "status", "H1", url=url).stdout

    assert found["states"] == {"running": 2, "submitted": 1, "failed": 1}
    assert (found["instance"]["hostname"], found["commands"]) == ("host1", {"new": 1})
    assert "1 failed, 2 running, 1 submitted" in shown
    assert "CERN" in shown
    gone = run("harvester", "status", "H2", url=url)
    assert gone.returncode == 1
    assert "'H2' is not registered, and has no workers: there are H1" in gone.stderr


def test_workers_are_listed_page_by_page_without_credentials(url: str) -> None:
    page = of("workers", "H1", "--limit", "2", url=url)
    rest = of("workers", "H1", "--before", str(page["next"]), url=url)
    shown = run("harvester", "workers", "H1", "--limit", "3", url=url).stdout

    assert [one["workerid"] for one in page["workers"] + rest["workers"]] == [4, 3, 2, 1]
    assert page["workers"][0]["pandaids"] == [14]
    assert "There are more: --before 2" in shown
    assert "password=***" in shown
    assert SECRET not in shown + json.dumps(page)
    chosen = ("--status", "running", "--computingsite", "CERN", "--since", "-1h")
    assert [one["workerid"] for one in of("workers", "H1", *chosen, url=url)["workers"]] == [2, 1]


def test_a_command_is_sent_listed_and_kept_off(url: str) -> None:
    words = ("command", "H1", "KILL_WORKERS", "--params", '{"status": ["idle"]}', "--no-ack")

    tried = run("harvester", *words, "--dry-run", url=url)
    sent = of(*words, url=url)
    again = run("harvester", *words, "--lock", "10", url=url)
    listed = of("commands", "H1", "--status", "new", url=url)

    assert tried.stdout == "KILL_WORKERS would be sent to H1.\n"
    assert (again.returncode, again.stdout) == (
        3,
        "An earlier command of that name is too young.\n",
    )
    assert listed[0]["command_id"] == sent["command_id"]
    assert [one["params"] for one in listed] == [{"status": ["idle"]}, {"token": "***"}]
    assert SECRET not in run("harvester", "commands", url=url).stdout


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("command", "H2", "KILL_WORKERS"), 1, "'H2' is not registered: there are H1"),
        (("command", "H1", "A", "--params", "{"), 2, "is no JSON"),
        (("command", "H1", "x" * 201), 2, "too long: 201 characters, 200 fit"),
        (("command", "H1", "A", "--lock", "soon"), 2, "not a whole number"),
        (("register", "x" * 51), 2, "too long: 51 characters, 50 fit"),
        (("register", ""), 2, "cannot be empty"),
        (("workers", "H1", "--limit", "0"), 2, "not from 1 to"),
    ],
)
def test_what_cannot_be_is_a_sentence(
    url: str, words: tuple[str, ...], code: int, sentence: str
) -> None:
    done = run("harvester", *words, url=url)

    assert done.returncode == code
    assert sentence in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr


def test_register_is_idempotent(url: str) -> None:
    tried = run("harvester", "register", "H1", "H2", "--dry-run", url=url)
    done = run("harvester", "register", "H1", "H2", "--description", "mine", url=url)
    again = run("harvester", "register", "H1", "H2", "--quiet", url=url)

    assert tried.stdout == "H2 would be registered.\n"
    assert done.stdout == "H2 is registered.\n"
    assert (again.returncode, again.stdout) == (3, "")


def test_sync_commands_harvester_to_catch_up(database: Database, url: str) -> None:
    old = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=2)
    with database.session() as session:
        behind = update(HarvesterWorkers).where(HarvesterWorkers.status == "submitted")
        values = {"pilotstatus": "running", "pilotstarttime": old, "submittime": old}
        session.execute(behind.values(**values))

    tried, (done,) = of("sync", "--dry-run", url=url), of("sync", url=url)
    listed = of("commands", "H1", url=url)
    again = run("harvester", "sync", url=url)

    assert tried[0]["workers"] == done["workers"] == listed[0]["params"] == [3]
    assert (listed[0]["command"], listed[0]["command_id"]) == (
        "SYNC_WORKERS_ACTIVATE",
        done["command_id"],
    )
    assert (again.returncode, again.stdout) == (3, "No worker is behind its pilot.\n")


def test_clean_deletes_what_is_past_its_retention(database: Database, url: str) -> None:
    old = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=200)
    with database.session() as session:
        session.execute(update(HarvesterCommands).values(status_date=old))

    tried = of("clean", "--dry-run", url=url)
    done = of("clean", url=url)
    again = run("harvester", "clean", url=url)

    rows = {"harvester_commands": 1}
    assert (tried["deleted"], done["deleted"], done["outcome"]) == (rows, rows, "done")
    assert (again.returncode, again.stdout) == (3, "Nothing is past its retention.\n")
