"""The page of a job: what waits and why, errors, files of its folder, one address everywhere."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from pandadb.models import ErrorDescriptions, JobsArchived
from pandadb.services import archive, queue
from pandadb.services.queue import NewQueueJob
from pandadb.web.accounts.users import Role, User
from pandadb.web.application import create_app
from pandadb.web.options import WebOptions
from tests.controller.queued_jobs import take
from tests.factories import make_job
from tests.queue.archived_jobs import OLD, old_flow
from tests.web.browsers import Browser

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.database import Database

pytestmark = pytest.mark.any_server


def submitted(database: Database, *new: NewQueueJob) -> list[int]:
    return queue.submit(database, new).pandaids


def test_the_page_has_the_reason_a_job_waits(reader: Browser, database: Database) -> None:
    parent, child, throttled = submitted(
        database,
        NewQueueJob("q", "P", handler="h", group="g"),
        NewQueueJob("q", "C", handler="h", parents=["P"]),
        NewQueueJob("q", "T", handler="h", group="g"),
    )
    assert f"Its parent {parent} is activated." in reader.get(f"/jobs/{child}").text
    assert "Its group g is full: 1 of 1 places" in reader.get(f"/jobs/{throttled}").text
    assert "Queue q has no worker" in reader.get(f"/jobs/{parent}").text


def test_a_job_is_found_by_its_public_id(reader: Browser, database: Database) -> None:
    made = queue.submit(database, [NewQueueJob("q", handler="h")])
    answer = reader.get(f"/job/{made.public_ids[0]}")
    assert answer.headers["location"] == f"/jobs/{made.pandaids[0]}"
    assert reader.get("/job/nobody").status_code == 404
    assert reader.get(f"/find?q={made.public_ids[0]}").status_code == 303
    assert (
        reader.get(f"/find?q={made.pandaids[0]}").headers["location"] == answer.headers["location"]
    )


def test_errors_are_explained(reader: Browser, database: Database) -> None:
    with database.session() as session:
        session.add(
            ErrorDescriptions(
                id=1, component="pilot", code=1305, acronym="X", category=1,
                diagnostics="d", description="The payload has crashed",
            )
        )  # fmt: skip
        job = make_job(session, "failed", piloterrorcode=1305, piloterrordiag="core dumped")
    page = reader.get(f"/jobs/{job}").text
    assert "core dumped" in page
    assert "The payload has crashed" in page
    assert 'href="/jobs?errorcode=pilot=1305"' in page


def test_every_table_of_the_page_is_csv_and_json(reader: Browser, database: Database) -> None:
    (job,) = submitted(database, NewQueueJob("q", handler="h"))
    rows = reader.get(f"/jobs/{job}?table=states&format=json").json()["rows"]
    assert [row["jobstatus"] for row in rows] == ["activated"]
    lines = reader.get(f"/jobs/{job}?table=attempts&format=csv").text.splitlines()
    assert lines[1].startswith(str(job))
    assert reader.get(f"/jobs/{job}?table=other&format=csv").status_code == 404


def test_an_archived_job_has_the_same_address_and_no_verbs(
    operator: Browser, database: Database
) -> None:
    ids = old_flow(database)
    archive.run(database)
    page = operator.get(f"/jobs/{ids[2]}")
    assert page.status_code == 200
    assert "in the archive (jobsarchived)" in page.text
    assert '<button name="verb"' not in page.text
    public = page.text.partition('href="/job/')[2].partition('"')[0]
    assert operator.get(f"/job/{public}").headers["location"] == f"/jobs/{ids[2]}"


def test_an_exported_job_has_the_same_address(database: Database, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    ids = old_flow(database)
    archive.run(database)
    month = f"{OLD:%Y-%m}"
    archive.export(database, month, tmp_path)
    archive.drop_exported(database, month, tmp_path)
    options = WebOptions("key", exports=tmp_path)
    client = Browser(create_app(database, options, lambda _: User("r", Role.READER)))
    page = client.get(f"/jobs/{ids[0]}")
    assert page.status_code == 200
    assert "in an exported month" in page.text


def test_a_job_that_was_copied_to_another_database_has_the_same_address(
    database: Database, there: Database
) -> None:
    with there.session() as session:
        row = JobsArchived(
            pandaid=5, jobstatus="failed", modificationtime=datetime(2026, 1, 1),
            piloterrorcode=1305, piloterrordiag="core dumped",
        )  # fmt: skip
        session.add(row)
    app = create_app(database, WebOptions("key"), lambda _: User("r", Role.READER), archive=there)
    page = Browser(app).get("/jobs/5")
    assert page.status_code == 200
    assert "in the archive (jobsarchived)" in page.text


@pytest.fixture
def with_folder(database: Database, tmp_path: Path) -> tuple[Browser, int]:
    """A reader, and a job with a folder; beside the folders there is a secret."""
    (job,) = submitted(database, NewQueueJob("q", handler="h"))
    folder = tmp_path / "jobs" / f"{job}-1"
    (folder / "sub").mkdir(parents=True)
    (folder / "stdout").write_text("<script>alert(1)</script>")
    (folder / "sub" / "a b.txt").write_text("inside")
    (tmp_path / "secret").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    options = WebOptions("key", jobs_dir=tmp_path / "jobs")
    app = create_app(database, options, lambda _: User("r", Role.READER))
    return Browser(app), job


def test_files_of_the_folder_are_downloads(with_folder: tuple[Browser, int]) -> None:
    client, job = with_folder
    page = client.get(f"/jobs/{job}/files").text
    assert f'href="/jobs/{job}/files/sub/a%20b.txt"' in page
    assert "link" not in page.partition("<tbody>")[2].partition("</tbody>")[0]
    answer = client.get(f"/jobs/{job}/files/stdout")
    assert answer.text == "<script>alert(1)</script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert client.get(f"/jobs/{job}/files/sub/a%20b.txt").text == "inside"


@pytest.mark.parametrize(
    "name",
    ["../../secret", "..%2f..%2fsecret", "%2e%2e/%2e%2e/secret", "/etc/passwd", "%2fetc%2fpasswd",
     "link", "sub", "sub/../../../secret", "stdout%00", "x" * 5000, "..\\..\\secret"],
)  # fmt: skip
def test_no_path_leads_out_of_the_folder(with_folder: tuple[Browser, int], name: str) -> None:
    client, job = with_folder
    answer = client.get(f"/jobs/{job}/files/{name}")
    assert answer.status_code in (400, 404)
    assert "root:" not in answer.text
    assert answer.text != "secret"


def test_a_record_with_another_folder_gives_no_access_to_it(
    with_folder: tuple[Browser, int], database: Database
) -> None:
    client, job = with_folder
    with database.session() as session:
        session.execute(text('UPDATE pandadb.job_control SET details = \'{"run_dir": "/etc"}\''))
    for path in (f"/jobs/{job}/files", f"/jobs/{job}/files/passwd"):
        assert client.get(path).status_code == 404


def test_a_server_without_the_folder_says_so(reader: Browser, database: Database) -> None:
    (job,) = submitted(database, NewQueueJob("q", handler="h"))
    answer = reader.get(f"/jobs/{job}/files")
    assert answer.status_code == 404
    assert "no folder of jobs" in answer.text


def test_the_graph_has_each_job_and_dependency(reader: Browser, database: Database) -> None:
    ids = submitted(
        database,
        NewQueueJob("q", "A", handler="h"),
        NewQueueJob("q", "B", handler="h", parents=["A"], on_failure="ignore"),
        NewQueueJob("q", "C", handler="h", parents=["A", "B"]),
    )
    page = reader.get(f"/jobs/{ids[0]}/graph").text
    assert page.count('<path class="edge') == 3
    assert page.count('<path class="edge ignore"') == 1
    assert all(f'<a href="/jobs/{job}"><title>' in page for job in ids)


def test_a_job_at_a_worker_shows_its_lease(reader: Browser, database: Database) -> None:
    (job,) = submitted(database, NewQueueJob("demo", handler="h"))
    lease = take(database, job)
    assert f"Worker {lease.owner} has it; its lease lasts until" in reader.get(f"/jobs/{job}").text


def test_unknown_jobs_are_404(reader: Browser) -> None:
    for path in ("/jobs/12345", "/jobs/12345/graph", "/find?q=12345", "/tasks/12345"):
        assert reader.get(path).status_code == 404
    assert reader.get("/jobs/nine").status_code == 400
