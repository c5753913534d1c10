"""Dumps from files and from URLs: retries, and sentences."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from pandadb.core.sql.validation import InvalidValue
from pandadb.services import sites
from pandadb.services.sites import DumpKind, SourceUnavailable, dump_sources
from tests.site_dumps import dumps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.any_server


@contextmanager
def served(answers: list[tuple[int, bytes]]) -> Iterator[tuple[str, list[str]]]:
    """Serve answers in turn, the last again and again; yield the URL and the paths asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, body = answers[min(len(asked), len(answers)) - 1]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/dumps", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dump_sources, "LONGEST_PAUSE", 0)


def test_dumps_come_from_files_and_from_files_of_one_kind(tmp_path: Path) -> None:
    given = dumps("A")
    tags = {"A-GRID": {"tags": []}}
    (tmp_path / "all.json").write_text(json.dumps(given))
    (tmp_path / "tags.json").write_text(json.dumps(tags))
    found = sites.gather([str(tmp_path / "all.json")], [f"tags={tmp_path / 'tags.json'}"])
    assert found == {**given, DumpKind.TAGS: tags}


def test_a_url_is_asked_again_after_an_error_of_the_server() -> None:
    body = json.dumps(dumps("A")).encode()
    with served([(503, b""), (500, b""), (200, body)]) as (url, asked):
        assert sites.gather([url]) == dumps("A")
    assert len(asked) == 3


@pytest.mark.parametrize(("status", "times"), [(503, 3), (404, 1), (429, 3)])
def test_a_url_without_a_dump_is_a_sentence(status: int, times: int) -> None:
    with (
        served([(status, b"")]) as (url, asked),
        pytest.raises(SourceUnavailable, match=str(status)),
    ):
        sites.gather([url])
    assert len(asked) == times


def test_a_url_without_a_server_is_a_sentence() -> None:
    with served([(200, b"{}")]) as (url, _):
        pass
    with pytest.raises(SourceUnavailable, match=rf"{url} gives no dump: .*refused"):
        sites.gather([url])


@pytest.mark.parametrize("url", ["http://", "https://[", "http://a b/"])
def test_what_is_no_url_is_a_sentence(url: str) -> None:
    with pytest.raises(SourceUnavailable, match="gives no dump"):
        sites.gather([url])


def test_an_answer_that_is_no_json_is_a_sentence() -> None:
    with served([(200, b"<html>")]) as (url, _), pytest.raises(InvalidValue, match="is no JSON"):
        sites.gather([], [f"tags={url}"])


def test_what_is_no_source_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"\xff")
    with pytest.raises(InvalidValue, match="is not UTF-8"):
        sites.gather([str(file)])
    with pytest.raises(InvalidValue, match="'tag=f' is no KIND=FILE"):
        sites.gather([], ["tag=f"])
    file.write_text('{"tags": {}}')
    with pytest.raises(InvalidValue, match="the dump of tags is there twice"):
        sites.gather([str(file), str(file)])
    with pytest.raises(FileNotFoundError):
        sites.gather([str(tmp_path / "nothing")])
