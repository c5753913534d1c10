"""PgBouncer, as Debian has it, between the tests and their server."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import URL, make_url

from tests.databases import render
from tests.servers import _account, _give, _temporary_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
PORT = 6432
CONFIGURATION = """
[databases]
* = {server}
[pgbouncer]
listen_addr =
listen_port = {port}
unix_socket_dir = {folder}
auth_type = any
pool_mode = transaction
default_pool_size = 3
ignore_startup_parameters = {ignored}
"""


@contextmanager
def pooler(url: str, ignored: str = "extra_float_digits") -> Iterator[str]:
    """Yield the URL of a database through a pooler of three sessions of its server."""
    if PROGRAM is None:
        pytest.skip("there is no pgbouncer here: apt-get install pgbouncer")
    with _temporary_folder(Path("/tmp")) as folder:
        file = folder / "pgbouncer.ini"
        server = " ".join(f"{name}={value}" for name, value in _server(make_url(url)).items())
        file.write_text(
            CONFIGURATION.format(server=server, port=PORT, folder=folder, ignored=ignored)
        )
        for path in (folder, file):
            _give(path)
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                [PROGRAM, str(file)], stdout=log, stderr=log, cwd=folder, **_account()
            )
        try:
            through = make_url(url).set(host=None, port=None)
            through = through.set(query={"host": str(folder), "port": str(PORT)})
            _wait(render(through), folder / "log")
            yield render(through)
        finally:
            process.terminate()
            process.wait()


def _server(url: URL) -> dict[str, str]:
    words = {"host": url.host, "port": url.port, "user": url.username, "password": url.password}
    return {name: str(value) for name, value in {**words, **url.query}.items() if value}


def _wait(url: str, log: Path) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise AssertionError(log.read_text()) from None
            time.sleep(0.05)
        else:
            return
