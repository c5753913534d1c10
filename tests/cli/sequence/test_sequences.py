"""Sequences with records, and notification mails, from the command line."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from pandadb.services import queue, workflows
from pandadb.services.workflows import AttemptKey, NewSequence
from tests.cli.test_commands import run
from tests.databases import render
from tests.sequences import job_sets
from tests.services.notifications.test_mails import put_jobset, put_users

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = [pytest.mark.slow, pytest.mark.any_server]


@pytest.fixture
def url(database: Database) -> str:
    return render(database.engine.url)


def begun(database: Database) -> tuple[int, list[int]]:
    """Begin a sequence with a step that failed and one that has submitted jobs."""
    jobset, pandaids = job_sets.submit(database, 2)
    lease = workflows.begin(database, NewSequence('/home/user/my "seq".txt', "…", "user"))
    for number, (name, ending) in enumerate(
        (("Bad", {"status": 3}), ("Submit", {"status": 0, "numbers": {"jobset": jobset}})), 1
    ):
        key = AttemptKey(name, number, {"X": '<"1">'}, "execute")
        step = workflows.begin_step(database, lease, key)
        workflows.end_step(
            database, lease, step, output=f"out of {name}\n", begun_at="2026-03-01T08:00:00",
            **ending,
        )  # fmt: skip
    workflows.interrupt(database, lease)
    return lease.workflow_id, pandaids


def test_sequences_are_listed_shown_drawn_and_cancelled(database: Database, url: str) -> None:
    number, pandaids = begun(database)
    name = str(number)
    listed = run("sequence", "list", "--state", "interrupted", "--json", url=url)
    shown = run("sequence", "show", name, "--output", url=url)
    chart = run("sequence", "show", name, "--graph", "mermaid", url=url)
    drawn = run("sequence", "show", name, "--graph", "dot", url=url)
    tried = run("sequence", "cancel", name, "--jobs", "--dry-run", url=url)
    cancelled = run("sequence", "cancel", name, "--jobs", "--json", url=url)
    again = run("sequence", "cancel", name, url=url)
    unknown = run("sequence", "show", "12345", url=url)

    (found,) = json.loads(listed.stdout)
    assert (found["workflow_id"], found["nsteps"], found["nfailed"]) == (number, 2, 1)
    assert "out of Bad" in shown.stdout
    assert 'q(["my #quot;seq#quot;.txt<br/>interrupted"])' in chart.stdout
    assert "X=#lt;#quot;1#quot;#gt;<br/>failed, status 3" in chart.stdout
    assert "no result yet" in chart.stdout
    assert drawn.stdout.startswith("digraph sequence {")
    if dot := shutil.which("dot"):
        subprocess.run([dot, "-Tsvg"], input=drawn.stdout, check=True, text=True)
    assert f"Would be cancelled: sequence {number}." in tried.stdout
    done = json.loads(cancelled.stdout)
    assert done["sequences"] == [number]
    assert sorted(map(int, done["jobs"])) == pandaids
    assert (again.returncode, "has ended: it is cancelled" in again.stderr) == (1, True)
    assert (unknown.returncode, "There is no sequence 12345" in unknown.stderr) == (1, True)


def test_mails_are_put_into_the_outbox_once(database: Database, url: str) -> None:
    with database.session() as session:
        put_users(session)
        put_jobset(session, 77)
    tried = run("tasks", "notify", "--dry-run", url=url)
    made = run("tasks", "notify", "--json", url=url)
    again = run("tasks", "notify", url=url)

    assert "Mails would be: 0 tasks, 1 job sets." in tried.stdout
    assert json.loads(made.stdout)["jobsets"].keys() == {"77"}
    assert again.returncode == 3
    assert [one.kind for one in queue.events(database)] == ["job set ended"]
