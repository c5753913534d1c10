"""Requests of browsers and monitors in other forms: HEAD, slashes, HTTP/1.0, odd names."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import HTTPException, Request
from sqlalchemy import text

from pandadb.database import Database
from pandadb.services import coverage
from pandadb.services.failures import Failure
from pandadb.web.accounts import identities, password_file
from pandadb.web.application import create_app
from pandadb.web.options import WebOptions
from pandadb.web.pages.tasks.lists import TaskQuery
from pandadb.web.protection.headers import HEADERS
from pandadb.web.protection.rates import Rates
from tests.factories import make_job
from tests.web.browsers import PASSWORD, SECRET, Browser
from tests.web.serving import serving
from tests.web.test_protection import answer_to

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.any_server


@pytest.mark.parametrize("path", ["/", "/healthz", "/metrics", "/jobs", "/api/v1/jobs"])
def test_head_is_get_without_the_body(reader: Browser, path: str) -> None:
    answer = reader.head(path)
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["content-type"] == reader.get(path).headers["content-type"]


def test_monitors_may_speak_http_1_0(database: Database) -> None:
    with serving(database, WebOptions(SECRET)) as place:
        head = answer_to(place, b"HEAD /healthz HTTP/1.0\r\n\r\n")
        both = answer_to(place, b"GET /healthz HTTP/1.0\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert head.endswith(b"\r\n\r\n")
    assert both.endswith(b'{"status":"ok"}')


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("/jobs/?jobstatus=failed", "/jobs?jobstatus=failed"),
        ("/sites/", "/sites"),
        ("/api/v1/jobs//", "/api/v1/jobs"),
        ("//evil.org/", "/evil.org"),
        ("/%2Fevil.org/", "/evil.org"),
        ("/%5Cevil.org/", "/%5Cevil.org"),
    ],
)
def test_a_slash_at_the_end_leads_to_the_same_server(
    reader: Browser, path: str, there: str
) -> None:
    reader.headers["Host"] = "evil.org"
    answer = reader.get(f"http://testserver{path}")
    assert answer.status_code == 307
    assert answer.headers["location"] == there


def test_addresses_of_other_pages_are_quoted(reader: Browser) -> None:
    page = reader.get("/jobs", params={"name": "a&b=c#d%"}).text
    assert "/jobs?name=a%26b%3Dc%23d%25&amp;format=csv" in page


def test_failures_have_the_headers_too(
    reader: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("pandadb.services.queue.workers", fail)
    answer = reader.get("/workers")
    assert answer.status_code == 500
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert answer.headers["Cache-Control"] == "no-store"
    assert "broken on purpose" not in answer.text
    assert "broken on purpose" in caplog.text


@pytest.fixture
def accounts(database: Database, tmp_path: Path) -> tuple[Browser, Path]:
    path = tmp_path / "passwords"
    password_file.set_account(path, "ada", "operator", PASSWORD)
    browser = Browser(create_app(database, WebOptions(SECRET), identities.BySession(path)))
    return browser, path


@pytest.mark.parametrize("address", ["//[", "http://[", "/\0", "/" + "x" * 30_000])
def test_odd_addresses_after_the_login_are_no_failure(
    accounts: tuple[Browser, Path], address: str
) -> None:
    assert accounts[0].get("/login", params={"next": address}).status_code == 200


def test_the_login_leads_back_to_the_filter(accounts: tuple[Browser, Path]) -> None:
    there = accounts[0].get("/jobs?jobstatus=failed").headers["location"]
    assert there == "/login?next=%2Fjobs%3Fjobstatus%3Dfailed"


def test_password_file_that_others_can_read_is_a_sentence(
    accounts: tuple[Browser, Path], caplog: pytest.LogCaptureFixture
) -> None:
    browser, path = accounts
    fields = {"name": "ada", "password": PASSWORD}
    assert browser.submit("/login", "/login", **fields).status_code == 303
    path.chmod(0o644)
    assert browser.get("/api/v1/jobs").status_code == 401
    assert browser.get("/healthz").status_code == 200
    answer = browser.submit("/login", "/login", **fields)
    assert answer.status_code == 503
    assert "The accounts cannot be read" in answer.text
    assert str(path) not in answer.text
    assert f"chmod 600 {path}" in caplog.text


def test_files_whose_names_are_not_utf_8_are_listed(database: Database, tmp_path: Path) -> None:
    with database.session() as session:
        job = make_job(session, "failed")
    folder = tmp_path / f"{job}-1"
    folder.mkdir()
    for name in (b"a\xff.txt", "q?#% \u202e😀.txt".encode()):
        (folder / os.fsdecode(name)).write_text("x")
    browser = Browser(create_app(database, WebOptions(SECRET, jobs_dir=tmp_path)))
    for form in ("html", "csv", "json"):
        answer = browser.get(f"/jobs/{job}/files?format={form}")
        assert answer.status_code == 200
        assert "a?.txt" in answer.text
    address = f"/jobs/{job}/files/q%3F%23%25%20%E2%80%AE%F0%9F%98%80.txt"
    assert address in browser.get(f"/jobs/{job}/files").text
    assert browser.get(address).text == "x"


def test_times_of_other_zones_are_utc(reader: Browser) -> None:
    asked = TaskQuery.model_validate({"since": "2026-01-01T02:00:00+02:00"})
    assert asked.filter().since == datetime(2026, 1, 1)
    for path in ("/tasks", "/flows", "/jobs"):
        late = reader.get(path, params={"since": "0001-01-01T00:00:00+14:00"})
        assert late.status_code == 400
        assert "no time from the year 1" in late.text


def test_a_database_without_tables_is_503(database: Database) -> None:
    with database.session() as session:
        for schema in ("doma_panda", "pandadb"):
            session.execute(text(f"ALTER SCHEMA {schema} RENAME TO {schema}_away"))
    browser = Browser(create_app(database, WebOptions(SECRET)))
    try:
        for path in ("/healthz", "/jobs", "/api/v1/jobs"):
            answer = browser.get(path)
            assert answer.status_code == 503, answer.text
            assert answer.headers["Retry-After"]
    finally:
        with database.session() as session:
            for schema in ("doma_panda", "pandadb"):
                session.execute(text(f"ALTER SCHEMA {schema}_away RENAME TO {schema}"))


def test_rates_keep_short_names_only() -> None:
    """A name of the length of a body is not kept in memory until its minute ends."""
    options = WebOptions(SECRET, login_rate="1/minute")
    request = Request({"type": "http", "client": ("10.0.0.1", 1), "headers": []})
    rates = Rates(options)
    rates.count_login(request, "x" * 100_000)
    other = Request({"type": "http", "client": ("10.0.0.2", 1), "headers": []})
    with pytest.raises(HTTPException):
        rates.count_login(other, "x" * 60)


def test_each_reader_sees_the_tables_that_cannot_be_read(
    reader: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = coverage.coverage

    def with_failure(*given: Any, failed: list[Failure]) -> coverage.Coverage:
        failed.append(Failure("filestable4", "not readable"))
        return count(*given, failed=failed)

    monkeypatch.setattr(coverage, "coverage", with_failure)
    for _ in range(2):
        assert "filestable4: not readable" in reader.get("/partitions").text
        assert reader.get("/api/v1/partitions").json()["failed"][0]["unit"] == "filestable4"
