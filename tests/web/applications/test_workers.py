"""Workers of applications: killed machines, a second one, and the one beside the server."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import sysconfig
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

import pandadb
from pandadb.demo import examples
from pandadb.services import queue
from tests.queue.inboxes import running_smtp
from tests.web.applications.forms import ADDRESS, Browser, slow_div
from tests.worker.payloads import is_alive, until
from tests.worker.worker_processes import running_worker, url_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.database import Database

pytestmark = [pytest.mark.any_server, pytest.mark.slow]

STATES = "SELECT count(*) FROM doma_panda.jobs{} WHERE jobstatus = '{}'"
NOBODY = "nobody"


def number(database: Database, table: str, state: str) -> int:
    return int(value_of(database, STATES.format(table, state)))


def test_24_jobs_of_a_killed_machine_finish_and_send_one_mail_each(
    database: Database, tmp_path: Path
) -> None:
    browser = Browser(database, slow_div(1.5))
    for n in range(5):
        browser.submit(str(2 * n), "2")
    options = ("--slots=3", "--lease=2")
    with (
        running_worker(database, tmp_path, *options) as first,
        running_worker(database, tmp_path, *options) as second,
    ):
        until(lambda: number(database, "active4", "running") == 5)
        for worker in (first, second):
            worker.send_signal(signal.SIGKILL)
            worker.wait()
    assert number(database, "archived4", "finished") == 0
    with running_worker(database, tmp_path, "--slots=5", "--lease=6", "--no-keep"):
        until(lambda: number(database, "archived4", "finished") == 5)
    assert value_of(database, "SELECT max(attemptnr) FROM doma_panda.jobsarchived4") == 2

    with running_smtp() as (inbox, settings):
        queue.send_events(database, queue.mail_sink(settings))
        queue.send_events(database, queue.mail_sink(settings))
    assert len(inbox.mails) == 5
    assert len({mail.get_body(("plain",)).get_content() for mail in inbox.mails}) == 5


PLACES = sysconfig.get_path("purelib"), str(Path(pandadb.__file__).parents[1])
"""The folders of modules: those that are installed, and pandadb."""


def python_for_all() -> str | None:
    """Return a Python that another user can run with pandadb; None if there is none."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    known = (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}")
    return next((one for one in known if Path(one).exists() and _can_run(one)), None)


def _can_run(python: str) -> bool:
    with suppress(PermissionError):
        return as_nobody([python, "-c", "import pandadb.worker.worker_loop"]).wait() == 0
    return False


def as_nobody(words: list[str], **environment: str) -> subprocess.Popen[bytes]:
    """Start a program as a user without rights, and with these variables only."""
    return subprocess.Popen(
        words, user=NOBODY, group="nogroup", extra_groups=[], cwd="/", stdin=subprocess.DEVNULL,
        env={"PATH": os.defpath, "PYTHONPATH": ":".join(PLACES), **environment},
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder for all users."""
    with tempfile.TemporaryDirectory(prefix="pandadb-second-", dir="/tmp") as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def test_28_a_second_machine_takes_part_with_the_url_alone(
    database: Database, tmp_path: Path, open_folder: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    if (python := python_for_all()) is None:
        pytest.skip("another user cannot read this checkout and its Python")
    words = ["-m", "pandadb", "worker", "run", "--queue=demo", "--slots=1", "--poll=0.5"]
    second = as_nobody(
        [python, *words, f"--work-dir={open_folder}/jobs"],
        PANDADB_URL=url_of(database),
        HOME=str(open_folder),
    )
    try:
        with running_worker(database, tmp_path, "--slots=1", "--keep"):
            until(lambda: len(queue.workers(database)) == 2)
            browser = Browser(database, slow_div(0.5))
            for n in range(8):
                browser.submit(str(2 * n), "2")
            until(lambda: number(database, "archived4", "finished") == 8)
    finally:
        second.terminate()
        second.wait(30)
    count = "SELECT count(*) FROM doma_panda.metatable WHERE metadata::json ->> 'directory' LIKE :d"
    by_each = [value_of(database, count, d=f"{one}/%") for one in (tmp_path, open_folder)]
    assert min(by_each) > 0
    assert sum(by_each) == 8


@contextmanager
def killed(process: subprocess.Popen[str]) -> Iterator[None]:
    """Kill a process at the end, if it still runs."""
    try:
        yield
    finally:
        process.kill()


def test_the_worker_beside_the_server_answers_forms_and_ends_with_it(
    database: Database, tmp_path: Path
) -> None:
    text = (examples.home() / "applications.toml").read_text()
    (tmp_path / "applications.toml").write_text(text.replace('"10"', '"0"'))
    (tmp_path / "slow_div.sh").write_text((examples.home() / "slow_div.sh").read_text())
    given = {name: value for name, value in os.environ.items() if "PANDADB" not in name}
    with subprocess.Popen(
        [sys.executable, "-m", "pandadb", "web", "--port=0", "--worker"],
        env={**given, "PANDADB_URL": url_of(database), "XDG_STATE_HOME": str(tmp_path / "state"),
             "PANDADB_APPLICATIONS": str(tmp_path / "applications.toml")},
        stderr=subprocess.PIPE, text=True,
    ) as server, killed(server):  # fmt: skip
        assert server.stderr
        address = re.search(r"http://\S+", server.stderr.readline())
        assert address
        with httpx.Client(base_url=address[0], timeout=60) as client:
            form = client.get("/submit/slow_div").text
            token = re.search(r'name="form_token" value="(\w+)"', form)
            fields = {"form_token": token and token[1], "x": "8", "y": "2", "email": ADDRESS}
            page = client.post("/submit/slow_div", data=fields).text
            result = re.search(r"/results/[a-z]{12}", page)
            assert result
            until(lambda: "== <b>4</b>" in client.get(result[0]).text)
            problem = client.get("/api/v1/jobs/5%1Bforged").json()
        pid = value_of(database, "SELECT pid FROM pandadb.worker WHERE stopped_at IS NULL")
        assert is_alive(pid)
        server.terminate()
        assert server.wait(60) == 0
        assert not is_alive(pid)
        line = next(one for one in server.stderr if problem["id"] in one)
    assert "GET /api/v1/jobs/5\\x1bforged: 400" in line


def test_a_malformed_file_of_applications_stops_the_server_at_its_start(tmp_path: Path) -> None:
    file = tmp_path / "applications.toml"
    file.write_text("[a]\nargv = 5\n")
    done = subprocess.run(
        [sys.executable, "-m", "pandadb", "web", "--port=0"],
        env={**os.environ, "PANDADB_APPLICATIONS": str(file)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith(f"pandadb: {file}: a.argv: Input should be a valid tuple")
