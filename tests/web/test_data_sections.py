"""Pages and JSON of the archive, partitions, shares, sites and Harvester; metrics and health."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, text

from pandadb.database import Database
from pandadb.services import archive, harvester, partitions, queue, shares
from pandadb.web.accounts.users import Role
from tests.web.browsers import Browser

pytestmark = pytest.mark.any_server
HOSTILE = "<script>x</script>"
PAGES = ("/archive", "/partitions", "/shares", "/sites", "/harvester")


@pytest.mark.parametrize("path", PAGES)
def test_empty_database_has_pages_that_name_the_next_action(reader: Browser, path: str) -> None:
    page = reader.get(path)
    assert page.status_code == 200
    assert "pandadb " in page.text or "No Harvester has registered." in page.text


@pytest.mark.parametrize("path", PAGES)
def test_each_table_of_a_page_is_csv_and_json(reader: Browser, path: str) -> None:
    page = reader.get(path).text
    keys = {part.partition('"')[0] for part in page.split('<div class="table" id="')[1:]}
    assert keys
    for key in keys:
        rows = reader.get(path, params={"table": key, "format": "json"}).json()["rows"]
        lines = reader.get(path, params={"table": key, "format": "csv"}).text
        assert len([*csv.DictReader(io.StringIO(lines))]) == len(rows)
    assert reader.get(path, params={"table": "no"}).status_code == 404


def old_job(database: Database, days: int) -> datetime:
    """Insert a job that ended some days ago; return the day."""
    ended = datetime.now(UTC).replace(tzinfo=None) - timedelta(days)
    with database.session() as session:
        columns = "pandaid, jobdefinitionid, schedulerid, creationhost, modificationhost"
        session.execute(
            text(
                f"INSERT INTO doma_panda.jobsarchived4 ({columns}, assignedpriority,"
                " currentpriority, jobstatus, creationtime, modificationtime)"
                " VALUES (1, 0, '', '', '', 0, 0, 'finished', :ended, :ended)"
            ),
            {"ended": ended},
        )
    return ended


def test_page_of_shares_reads_the_tree_once(reader: Browser, database: Database) -> None:
    found: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *it: found.append(it[2]))
    assert reader.get("/shares").status_code == 200
    assert sum("global_shares" in text for text in found) == 1


def test_metrics_count_what_pages_have_counted_no_second_time(reader: Browser) -> None:
    for path in ("/", "/partitions"):
        assert reader.get(path).status_code == 200
    known = {*reader.app.state.web.recent._known}
    assert "pandadb_jobs" in reader.get("/metrics").text
    assert {*reader.app.state.web.recent._known} - known == {"backlog"}


@pytest.mark.slow
def test_archive_shows_days_and_proofs(
    reader: Browser, client_of: Callable[[Role], Browser], database: Database
) -> None:
    partitions.maintain(database)
    ended = old_job(database, 40)
    partitions.maintain(database, drain=True)
    due = reader.get("/archive?table=days_due&format=json").json()["rows"]
    assert [row["day"][:10] for row in due] == [f"{ended:%Y-%m-%d}"]
    archive.run(database)
    later = client_of(Role.READER)  # readers of a server share the days and proofs for a while
    proofs = later.get("/archive?table=proofs&format=json").json()["rows"]
    assert {row["is_proof"] for row in proofs} == {True}
    assert (proofs[0]["source_rows"], proofs[0]["target_rows"]) == (1, 1)
    page = reader.get(f"/archive/{ended:%Y-%m-%d}").text
    assert "jobsarchived" in page
    assert reader.get(f"/api/v1/archive/{ended:%Y-%m-%d}").json()["proofs"]


def test_reasons_of_the_archive_are_shown(reader: Browser, database: Database) -> None:
    archive.pause(database, reason=HOSTILE)
    page = reader.get("/archive").text
    assert "&lt;script&gt;x" in page
    assert HOSTILE not in page


def test_shares_are_a_tree_with_a_page_each(reader: Browser, database: Database) -> None:
    shares.load(database, json.dumps([{"name": HOSTILE, "value": 60}]))
    rows = reader.get("/shares?table=global_shares&format=json").json()["rows"]
    assert [(row["name"], row["percent"]) for row in rows] == [(HOSTILE, 100.0)]
    page = reader.get("/shares/%3Cscript%3Ex%3C/script%3E")
    assert page.status_code == 200
    assert HOSTILE not in page.text
    assert reader.get("/shares/none").status_code == 404


def test_instances_have_pages(reader: Browser, database: Database) -> None:
    harvester.register(database, "H/1", HOSTILE)
    assert HOSTILE not in reader.get("/harvester").text
    page = reader.get("/harvester/H/1")
    assert page.status_code == 200
    assert HOSTILE not in page.text
    assert reader.get("/harvester/none").status_code == 404
    assert reader.get("/sites/none").status_code == 404


def test_metrics_are_those_of_the_database(reader: Browser, database: Database) -> None:
    queue.submit(database, [queue.NewQueueJob("q") for _ in range(3)])
    queue.claim(database, "q", 1, owner="w", lease=0.3)
    answer = reader.get("/metrics")
    found = {
        (one.name, *sorted(one.labels.values())): one.value
        for family in text_string_to_metric_families(answer.text)
        for one in family.samples
    }
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert found["pandadb_queue_jobs", "q", "ready"] == 2
    assert found["pandadb_queue_jobs", "q", "running"] == 1
    assert found["pandadb_jobs", "activated"] == 2
    assert found["pandadb_leases",] == 1
    assert ("pandadb_default_rows", "doma_panda.jobsarchived4") in found
    assert found["pandadb_archive_lag_seconds",] == 0


def test_openapi_names_all_routes_of_the_api(reader: Browser) -> None:
    paths = reader.get("/api/v1/openapi.json").json()["paths"]
    assert {"/api/v1/jobs", "/api/v1/tasks", "/api/v1/archive", "/metrics", "/healthz"} <= {*paths}
    for path in paths:
        if "{" not in path and path != "/api/v1/harvester-workers":
            assert reader.get(path).status_code == 200, path


def test_health_is_that_of_the_database(reader: Browser, empty_database_url: str) -> None:
    assert reader.get("/healthz").json() == {"status": "ok"}
    with Database("postgresql://127.0.0.1:1/none") as away:
        reader.app.state.web = type(reader.app.state.web)(  # type: ignore[attr-defined]
            **{**vars(reader.app.state.web), "database": away}  # type: ignore[attr-defined]
        )
        assert reader.get("/healthz").status_code == 503
