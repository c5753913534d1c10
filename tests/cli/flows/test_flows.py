"""Flows from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pandadb.services import queue
from pandadb.services.queue import NewQueueJob
from tests.cli.test_commands import run
from tests.databases import render
from tests.queue.flow_runs import DIAMOND, fail, flow_of, states

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = [pytest.mark.any_server, pytest.mark.slow]

EXAMPLE = Path(__file__).parents[3] / "examples" / "flow.yaml"


@pytest.fixture
def url(database: Database) -> str:
    return render(database.engine.url)


def test_a_flow_is_submitted_shown_and_drawn(url: str) -> None:
    tried = run("flows", "submit", str(EXAMPLE), "--dry-run", url=url)
    submitted = run("flows", "submit", str(EXAMPLE), url=url)
    flow = submitted.stdout.strip()
    listed = run("flows", "list", "--name", "dia*", "--state", "ready", url=url)
    shown = run("flows", "show", flow, "--json", url=url)
    drawn = run("flows", "graph", flow, url=url)
    chart = run("flows", "graph", flow, "--mermaid", url=url)

    assert "would be submitted" in tried.stdout
    assert flow.isdecimal()
    assert "diamond" in listed.stdout
    assert [job["name"] for job in json.loads(shown.stdout)["jobs"]] == [
        "fetch", "left", "right", "report",
    ]  # fmt: skip
    assert "also after left (or without it)" in drawn.stdout
    first = json.loads(shown.stdout)["jobs"][0]["pandaid"]
    assert f'j{first}["fetch<br/>ready"]:::ready' in chart.stdout
    assert f"j{first} --> j{first + 1}" in chart.stdout


def test_a_flow_is_stopped_resumed_rerun_and_deleted(database: Database, url: str) -> None:
    flow = str(flow_of(database, *DIAMOND))
    stopped = run("flows", "stop", flow, "--json", url=url)
    resumed = run("flows", "resume", flow, url=url)
    again = run("flows", "resume", flow, url=url)
    nothing = run("flows", "rerun", flow, url=url)
    fail(database, "A")
    rerun = run("flows", "rerun", flow, url=url)
    refused = run("flows", "delete", flow, "--yes", url=url)
    deleted = run("flows", "delete", flow, "--yes", "--cancel", url=url)
    gone = run("flows", "show", flow, url=url)

    assert {*json.loads(stopped.stdout)["jobs"].values()} == {"closed"}
    assert "4 jobs resumed" in resumed.stdout
    assert (again.returncode, "only a stopped or paused flow" in again.stderr) == (1, True)
    assert nothing.returncode == 3
    assert "1 jobs run again" in rerun.stdout
    assert (refused.returncode, "has not ended" in refused.stderr) == (1, True)
    assert "1 flows deleted" in deleted.stdout
    assert (gone.returncode, f"There is no flow {flow}" in gone.stderr) == (1, True)


def test_a_job_is_drawn_with_its_family(database: Database, url: str) -> None:
    flow = flow_of(database, *DIAMOND)
    assert states(database, flow)
    first = json.loads(run("flows", "show", str(flow), "--json", url=url).stdout)["jobs"][0]
    graph = run("jobs", "graph", str(first["pandaid"]), "--json", url=url)
    unknown = run("jobs", "graph", "123456", url=url)

    found = json.loads(graph.stdout)
    assert [job["name"] for job in found["jobs"]] == ["A", "B", "C", "D"]
    assert len(found["edges"]) == 4
    assert (unknown.returncode, "no job of a queue" in unknown.stderr) == (1, True)


def test_a_malformed_file_is_refused(url: str, tmp_path: Path) -> None:
    file = tmp_path / "flow.json"
    file.write_text('{"name": "f", "jobs": [{"name": "A", "parents": ["B"], "queue": "q"}]}')
    cycle = run("flows", "submit", str(file), url=url)
    assert (cycle.returncode, "waits for 'B'" in cycle.stderr) == (2, True)
    text = run("flows", "submit", str(tmp_path / "flow.txt"), url=url)
    assert text.returncode == 2


def test_flows_are_counted_and_all_deleted_by_a_reset(database: Database, url: str) -> None:
    for name in "ab":
        queue.submit(database, [NewQueueJob("q", name="A")], flow=name)
    counted = run("flows", "list", "--count", "--json", url=url)
    drawn = run("flows", "list", "--count", "--state", "ready", url=url)
    tried = run("flows", "reset", "--dry-run", url=url)
    asked = run("flows", "reset", url=url)
    many = run("flows", "reset", "--limit", "2", "--yes", url=url)
    kept = run("flows", "list", "--count", "--json", url=url)
    done = run("flows", "reset", "--limit", "2", "--today", "today", "--yes", url=url)
    nothing = run("flows", "reset", "--yes", url=url)

    assert json.loads(counted.stdout) == json.loads(kept.stdout) == {"ready": 2}
    assert "ready" in drawn.stdout
    assert tried.stdout == "2 flows would be deleted.\n"
    assert (asked.returncode, "pass --yes" in asked.stderr) == (1, True)
    assert (many.returncode, "say today's date" in many.stderr) == (1, True)
    assert (done.returncode, done.stdout) == (0, "2 flows deleted.\n")
    assert (nothing.returncode, nothing.stdout) == (3, "0 flows deleted.\n")
