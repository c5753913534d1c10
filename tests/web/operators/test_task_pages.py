"""Pages of tasks, flows and workers: lists, a task, its files, commands and drains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pandadb.services import queue, tasks
from pandadb.services.queue import NewQueueJob
from pandadb.services.queue.flows import NewFlow
from tests.factories import make_task
from tests.queue.flow_runs import DIAMOND, fail, finish, flow_of, state_of
from tests.web.operators.forms import buttons, hidden, send, sentence, snapshot

if TYPE_CHECKING:
    from pandadb.database import Database
    from tests.web.browsers import Browser

pytestmark = pytest.mark.any_server


def task(database: Database, *numbers: int, files: int = 3) -> None:
    with database.session() as session:
        for number in numbers:
            make_task(session, number, files)


def test_lists_go_page_by_page_with_a_filter(reader: Browser, database: Database) -> None:
    task(database, 7, 8, 9)
    first = reader.get("/tasks?limit=2&status=running&format=json").json()
    rest = reader.get(f"/tasks?limit=2&format=json&after={first['next']}").json()
    assert [row["jeditaskid"] for row in (*first["rows"], *rest["rows"])] == [9, 8, 7]
    assert "No task matches" in reader.get("/tasks?taskname=none*").text
    assert reader.get("/tasks?status=odd").status_code == 400


def test_a_task_shows_progress_datasets_and_their_files(
    reader: Browser, database: Database
) -> None:
    task(database, 7)
    page = reader.get("/tasks/7").text
    assert "Input files by state, 0 % finished" in page
    assert 'href="/tasks/7/datasets/70"' in page
    files = reader.get("/tasks/7/datasets/70?format=json").json()["rows"]
    assert [one["status"] for one in files] == ["ready"] * 3
    assert "No file matches" in reader.get("/tasks/7/datasets/70?status=failed").text
    assert len(reader.get("/tasks/7?table=datasets&format=csv").text.splitlines()) == 4


def test_files_of_a_dataset_go_page_by_page(database: Database) -> None:
    task(database, 7, files=5)
    found = tasks.files(database, 7, 70, limit=2)
    after = [one["fileid"] for one in tasks.files(database, 7, 70, after=found[-1]["fileid"])]
    assert len(found) == 2
    assert after == sorted(after)
    assert len({*after, *(one["fileid"] for one in found)}) == 5


def test_a_command_has_a_dry_run_then_is_done(operator: Browser, database: Database) -> None:
    task(database, 7)
    assert 'value="pause"' in operator.get("/tasks/7").text
    before = snapshot(database)
    page = send(operator, "/tasks/7/command", command="pause").text
    assert sentence(page) == "Task 7 would be paused."
    assert snapshot(database) == before
    done = send(operator, "/tasks/7/command", **hidden(page), confirmed="true").text
    assert sentence(done) == "Task 7 is paused."
    assert tasks.get(database, 7)["status"] == "paused"
    again = send(operator, "/tasks/7/command", **hidden(page), confirmed="true").text
    assert sentence(again).startswith("pause is refused: ")
    shown = operator.get("/tasks/7").text
    assert 'value="resume"' in shown
    assert 'value="pause"' not in shown


def test_the_dry_run_of_no_command_changes_anything(operator: Browser, database: Database) -> None:
    task(database, 7)
    before = snapshot(database)
    for name in tasks.COMMANDS:
        fields = {"command": name, "comment": "site:CERN:y"}
        assert send(operator, "/tasks/7/command", **fields).status_code == 200, name
        assert snapshot(database) == before, name


def test_a_command_needs_its_target(operator: Browser, database: Database) -> None:
    task(database, 7)
    page = send(operator, "/tasks/7/command", command="reassign", confirmed="true").text
    assert sentence(page) == "Give a value: Target."
    assert send(operator, "/tasks/7/command", command="x").status_code == 400
    assert send(operator, "/tasks/999/command", command="pause").status_code == 404


def test_a_flow_is_drawn_with_its_dependencies(reader: Browser, database: Database) -> None:
    flow = flow_of(database, *DIAMOND)
    finish(database, "A")
    page = reader.get(f"/tasks/{flow}").text
    assert page.count('<path class="edge') == 4
    assert page.count('<rect class="node completed"') == 1
    assert buttons(page) == []
    assert reader.get(f"/flows/{flow}").headers["location"] == f"/tasks/{flow}"
    rows = reader.get("/flows?name=f&format=json").json()["rows"]
    assert [row["jeditaskid"] for row in rows] == [flow]


def test_a_flow_that_is_too_large_is_a_table(reader: Browser, database: Database) -> None:
    many = [NewQueueJob(name=f"j{n}", handler="h") for n in range(401)]
    flow = queue.submit(database, many, flow=NewFlow("f", queue="demo")).jeditaskid
    page = reader.get(f"/tasks/{flow}").text
    assert "The graph is too large to be drawn" in page
    assert page.count("<tr>") > 400


def test_verbs_of_flows_have_a_dry_run(operator: Browser, database: Database) -> None:
    flow = flow_of(database, *DIAMOND)
    fail(database, "A")
    before = snapshot(database)
    path = f"/flows/{flow}/verb"
    for verb in ("stop", "rerun", "delete"):
        page = send(operator, path, verb=verb, cancel="true").text
        assert "Dry run: nothing has changed" in page
        assert snapshot(database) == before, verb
    assert buttons(operator.get(f"/tasks/{flow}").text) == ["resume", "rerun", "stop", "delete"]
    tried = hidden(send(operator, path, verb="rerun").text)
    done = send(operator, path, **tried, confirmed="true").text
    assert sentence(done) == f"Of the jobs of flow {flow}, 1 are activated."
    again = send(operator, path, **tried, confirmed="true").text
    assert sentence(again) == "No job changes: none is in a state that the verb is for."
    send(operator, path, **hidden(send(operator, path, verb="stop").text), confirmed="true")
    assert state_of(database, flow) == "stopped"
    assert send(operator, path, verb="x").status_code == 400


def test_workers_are_listed_by_state_and_drained(operator: Browser, database: Database) -> None:
    for name in ("a", "b", "c"):
        queue.register(database, name, ["demo"], 2)
    queue.stop(database, "c")
    with database.session() as session:
        session.connection().exec_driver_sql(
            "UPDATE pandadb.worker SET last_seen = last_seen - interval '1 hour'"
            " WHERE worker_id = 'b'"
        )
    rows = operator.get("/workers?stopped=true&format=json").json()["rows"]
    assert {row["worker_id"]: row["state"] for row in rows} == {
        "a": "running", "b": "lost", "c": "stopped"
    }  # fmt: skip
    before = snapshot(database)
    page = send(operator, "/workers/drain", worker=["a", "x"]).text
    assert sentence(page) == "Dry run: 1 workers would be drained; nothing has changed."
    assert "No such worker runs: x" in page
    assert snapshot(database) == before
    send(operator, "/workers/drain", worker="a", confirmed="true")
    assert queue.note_sign(database, "a")
    assert "No worker is marked" in send(operator, "/workers/drain").text


def test_workers_go_page_by_page(database: Database) -> None:
    for name in ("a", "b", "c", "d"):
        queue.register(database, name, ["demo"], 1)
    first = [one["worker_id"] for one in queue.workers(database, limit=2)]
    rest = [one["worker_id"] for one in queue.workers(database, limit=9, after=first[-1])]
    assert first + rest == [one["worker_id"] for one in queue.workers(database)]
    assert queue.workers(database, after="unknown") == []


def test_upkeep_of_queues_has_a_dry_run(operator: Browser, database: Database) -> None:
    (job,) = queue.submit(database, [NewQueueJob("demo", handler="h", max_attempts=2)]).pandaids
    queue.claim(database, "demo", 1, owner="w")
    with database.session() as session:
        session.connection().exec_driver_sql("UPDATE pandadb.job_lease SET until = '2026-01-01'")
    path, before = "/queues/upkeep", snapshot(database)
    for name, words in (
        ("reap", "1 jobs with an expired lease would be put in order."),
        ("repair", "There are no rows that are out of order: nothing is to be done."),
        ("set group", "Give a value: Group."),
        ("send again", "Give a value: Event."),
    ):
        assert sentence(send(operator, path, upkeep=name).text) == words
        assert snapshot(database) == before, name
    tried = hidden(send(operator, path, upkeep="reap").text)
    done = send(operator, path, **tried, confirmed="true").text
    assert sentence(done) == "1 jobs with an expired lease are put in order."
    assert f"/jobs/{job}" in operator.get("/jobs?jobstatus=activated").text
    fields = {"upkeep": "set group", "group": "g", "most": "3"}
    tried = hidden(send(operator, path, **fields).text)
    send(operator, path, **{**fields, **tried}, confirmed="true")
    assert [one.max_running for one in queue.groups(database)] == [3]
    rows = operator.get("/queues?table=groups&format=json").json()["rows"]
    assert rows == [{"group_key": "g", "max_running": 3, "admitted": 0, "waiting": 0}]
    assert operator.get("/queues?state=odd").status_code == 400
    assert "was sent already, or is unknown" in send(
        operator, path, upkeep="send again", event="99"
    ).text  # fmt: skip
