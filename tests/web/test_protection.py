"""Headers, hosts, and limits of requests; an overloaded server, and a database that is away."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from starlette.responses import StreamingResponse

from pandadb.database import Database
from pandadb.web.application import create_app
from pandadb.web.options import WebOptions
from pandadb.web.protection import slow_headers
from pandadb.web.protection.headers import HEADERS
from pandadb.web.protection.request_limits import RequestLimits
from tests.web.browsers import SECRET, Browser
from tests.web.serving import serving

if TYPE_CHECKING:
    from starlette.types import Message

pytestmark = pytest.mark.any_server
FULL_OF_LOCKS = """
CREATE FUNCTION public.full_of_locks() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN RAISE 'out of shared memory' USING ERRCODE = 'out_of_memory'; END $$;
ALTER TABLE doma_panda.jobsactive4 RENAME TO real_jobs;
CREATE VIEW doma_panda.jobsactive4 AS
SELECT * FROM doma_panda.real_jobs WHERE (SELECT public.full_of_locks())
"""
OPTIONS = WebOptions(SECRET)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def browser_of(database: Database, **options: object) -> Browser:
    return Browser(create_app(database, replace(OPTIONS, **options)))  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["/jobs", "/static/style.css", "/nothing", "/api/v1/jobs"])
def test_each_answer_has_the_headers(reader: Browser, path: str) -> None:
    answer = reader.get(path)
    assert HEADERS.items() <= {**answer.headers}.items() | {
        (name, answer.headers[name]) for name in HEADERS
    }
    assert answer.headers["Cache-Control"] == ("max-age=3600" if "static" in path else "no-store")
    assert "server" not in answer.headers


def test_https_is_demanded_where_it_is_there(database: Database) -> None:
    secure = browser_of(database, public_url="https://panda.example.org")
    assert "max-age" in secure.get("/jobs").headers["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in browser_of(database).get("/jobs").headers


def test_pages_have_no_scripts_or_styles_in_them(reader: Browser) -> None:
    page = reader.get("/jobs").text
    assert "<style" not in page
    assert " style=" not in page
    assert " onclick=" not in page
    assert page.count("<script") == page.count('<script src="/static/')


def test_other_names_of_the_server_are_refused(database: Database) -> None:
    named = browser_of(database, hosts=("panda.example.org",))
    assert named.get("/jobs", headers={"Host": "panda.example.org"}).status_code == 200
    assert named.get("/jobs", headers={"Host": "evil.org"}).status_code == 400


def test_changes_are_limited(database: Database) -> None:
    browser = browser_of(database, form_rate="2/minute")
    statuses = [browser.submit("/logout").status_code for _ in range(3)]
    assert statuses == [303, 303, 429]


def test_rates_are_those_of_the_client_behind_a_proxy(database: Database) -> None:
    browser = browser_of(database, form_rate="1/minute", proxies=frozenset({"testclient"}))

    def status(forwarded: str) -> int:
        browser.headers["X-Forwarded-For"] = forwarded
        return browser.submit("/logout").status_code

    assert status("10.0.0.1") == 303
    assert status("10.0.0.2") == 303
    assert status("10.0.0.9, 10.0.0.1") == 429, "the address that the proxy has seen"
    token = browser.token("/jobs")
    lines = [("X-Forwarded-For", "10.0.0.9"), ("X-Forwarded-For", "10.0.0.1")]
    del browser.headers["X-Forwarded-For"]
    again = browser.post("/logout", headers=[*lines, ("X-Form-Token", token)])
    assert again.status_code == 429, "also if the proxy adds a line"


def test_large_bodies_are_refused(database: Database) -> None:
    browser = browser_of(database, max_body=1000)
    assert browser.post("/logout", content=b"x" * 1001).status_code == 413
    in_parts = (b"x" * 600 for _ in range(2))
    assert browser.post("/logout", content=in_parts, headers=FORM).status_code == 413


def answer_to(place: tuple[str, int], *parts: bytes, wait: float = 0) -> bytes:
    """Return all that a server sends until it closes the connection."""
    with socket.create_connection(place, timeout=10) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(wait)
        received = b""
        while more := connection.recv(65_536):
            received += more
    return received


def test_slow_clients_are_left(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_headers, "HEADERS_TIMEOUT", 0.2)
    with serving(database, replace(OPTIONS, body_timeout=0.2)) as place:
        assert answer_to(place, b"GET /jobs HT") == b"", "without a whole request line"
        again = answer_to(place, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTT")
        assert again.count(b"200 OK") == 1
        slow_body = (
            b"POST /logout HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\nx"
        )
        assert b" 408 " in answer_to(place, slow_body).partition(b"\r\n")[0]
        two_lengths = slow_body.replace(b"Host", b"Transfer-Encoding: chunked\r\nHost")
        answer = answer_to(place, two_lengths + b"\r\n0\r\n\r\nGET /login HTTP/1.1\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400"), "a proxy may take it for two requests"
        assert answer.count(b"HTTP/1.1") == 1


def test_clients_that_take_no_answer_are_left() -> None:
    """A stalled download does not hold one of the requests at once for ever."""

    async def stalled(_: Message) -> None:
        await asyncio.Event().wait()

    async def nothing() -> Message:
        return {"type": "http.request"}

    async def ask() -> None:
        files = StreamingResponse(iter([b"x"] * 3))
        limits = RequestLimits(files, max_requests=1, max_body=1, body_timeout=9, send_timeout=0.01)
        scope = {"type": "http", "headers": [], "path": "/", "asgi": {"spec_version": "2.4"}}
        await limits(scope, nothing, stalled)
        assert limits.at_work == 0

    asyncio.run(ask())


def test_an_unknown_format_is_a_sentence(reader: Browser) -> None:
    for path in ("/jobs?", "/tasks?", "/workers?", "/shares?table=global_shares&"):
        answer = reader.get(f"{path}format=xml")
        assert answer.status_code == 400, path
        assert "there are html, csv, json" in answer.text


def test_headers_cannot_be_split(database: Database) -> None:
    with serving(database, OPTIONS) as place:
        request = b"GET /login%0d%0aX-Evil:1?next=%0d%0aX-Evil:1 HTTP/1.1"
        split = request + b"\r\nHost: x\r\nConnection: close\r\n\r\n"
        head = answer_to(place, split).partition(b"\r\n\r\n")[0]
    assert b"\r\nX-Evil" not in head
    assert b"\r\nx-evil" not in head.lower()


def test_overloaded_server_answers_503(database: Database) -> None:
    answer = browser_of(database, max_requests=0).get("/jobs")
    assert answer.status_code == 503, answer.text
    assert answer.headers["Retry-After"] == "5"


def test_pool_without_connections_answers_503(database_url: str) -> None:
    with (
        Database(database_url, pool_size=1, max_overflow=0, pool_timeout=0.1) as small,
        small.engine.connect(),
    ):
        answer = browser_of(small).get("/jobs")
    assert answer.status_code == 503, answer.text
    assert answer.headers["Retry-After"] == "5"


def test_long_statements_end_with_503(database_url: str) -> None:
    with Database(database_url, statement_timeout=0.001) as hasty:
        answer = browser_of(hasty).get("/jobs?errortext=x&format=json")
    assert answer.status_code == 503
    assert "overloaded" in answer.json()["error"]


def test_server_without_room_for_locks_answers_503(database: Database) -> None:
    with database.session() as session:
        session.execute(text(FULL_OF_LOCKS))
    answer = browser_of(database).get("/api/v1/jobs")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "max_locks_per_transaction" in answer.json()["error"]


def test_database_that_is_away_is_a_503_without_its_address() -> None:
    with Database("postgresql://me:secret@127.0.0.1:1/none") as away:
        answer = browser_of(away).get("/api/v1/jobs")
    assert answer.status_code == 503
    assert "secret" not in answer.text
    assert "127.0.0.1" not in answer.text


@pytest.mark.parametrize("path", ["/static/", "/static/../options.py", "/static/%2e%2e/"])
def test_folders_are_not_listed(reader: Browser, path: str) -> None:
    assert reader.get(path).status_code == 404


@pytest.mark.parametrize("value", ["'", "' OR 1=1 --", "\\", "%27;DROP TABLE x", "a\tb", "ü€😀"])
def test_values_are_never_sql(reader: Browser, value: str) -> None:
    for name in ("computingsite", "produsername", "jobstatus", "order", "after", "errorcode"):
        answer = reader.get("/api/v1/jobs", params={name: value})
        assert answer.status_code in (200, 400), answer.text
        assert answer.status_code == 400 or answer.json()["jobs"] == []


def test_error_has_an_id_that_is_in_the_log(
    reader: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        answer = reader.get("/api/v1/jobs/123456789").json()
    assert "123456789" in answer["error"]
    assert answer["id"] in caplog.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "FOO"])
def test_unknown_methods_are_refused(reader: Browser, method: str) -> None:
    assert reader.request(method, "/jobs").status_code == 405
