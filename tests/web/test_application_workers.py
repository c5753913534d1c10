"""Workers of applications: killed machines, a second one, and the one beside the server."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pandadb.demo import examples
from pandadb.services import queue
from tests.queue.inboxes import running_smtp
from tests.web.forms import ADDRESS, Browser, slow_div
from tests.worker.payloads import is_alive, until
from tests.worker.worker_processes import running_worker, url_of, value_of

if TYPE_CHECKING:
    from pathlib import Path

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
    with running_worker(database, tmp_path, "--slots=3", "--lease=2") as first:
        with running_worker(database, tmp_path, "--slots=3", "--lease=2") as second:
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


def as_nobody(words: list[str], **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *words], user=NOBODY, group="nogroup", extra_groups=[], cwd="/",
        stdin=subprocess.DEVNULL, **options,
    )  # fmt: skip


def test_28_a_second_machine_takes_part_with_the_url_alone(
    database: Database, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    if as_nobody(["-c", "import pandadb"], stderr=subprocess.DEVNULL).wait():
        pytest.skip("another user cannot read this checkout")
    home = examples.home().stat()
    assert home.st_mode & 0o005
    browser = Browser(database, slow_div(0.5))
    for n in range(8):
        browser.submit(str(2 * n), "2")
    folder = subprocess.run(
        ["mktemp", "-d", "/tmp/pandadb-second-XXXXXX"], capture_output=True, text=True, check=True
    ).stdout.strip()
    os.chmod(folder, 0o777)
    second = as_nobody(
        ["-m", "pandadb", "worker", "run", "--queue=demo", "--slots=1", "--poll=0.5",
         f"--work-dir={folder}/jobs"],
        env={"PANDADB_URL": url_of(database), "PATH": os.environ["PATH"], "HOME": folder,
             "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
    )  # fmt: skip
    try:
        until(lambda: number(database, "active4", "running") == 1)
        with running_worker(database, tmp_path, "--slots=1"):
            until(lambda: number(database, "archived4", "finished") == 8)
    finally:
        second.terminate()
        second.wait(30)
    ours, theirs = "%/pytest-%", f"{folder}/%"
    count = "SELECT count(*) FROM doma_panda.metatable WHERE metadata::json ->> 'directory' LIKE :d"
    by_each = [value_of(database, count, d=one) for one in (ours, theirs)]
    assert min(by_each) > 0
    assert sum(by_each) == 8
    subprocess.run(["rm", "-r", folder], check=True)


def test_the_worker_beside_the_server_answers_forms_and_ends_with_it(
    database: Database, tmp_path: Path
) -> None:
    text = (examples.home() / "applications.toml").read_text()
    (tmp_path / "applications.toml").write_text(text.replace('"10"', '"0"'))
    (tmp_path / "slow_div.sh").write_text((examples.home() / "slow_div.sh").read_text())
    given = {name: value for name, value in os.environ.items() if "PANDADB" not in name}
    server = subprocess.Popen(
        [sys.executable, "-m", "pandadb", "web", "--port=0", "--worker"],
        env={**given, "PANDADB_URL": url_of(database), "XDG_STATE_HOME": str(tmp_path / "state"),
             "PANDADB_APPLICATIONS": str(tmp_path / "applications.toml")},
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stderr
        address = re.search(r"http://\S+", server.stderr.readline())
        assert address
        with httpx.Client(base_url=address[0]) as client:
            form = client.get("/submit/slow_div").text
            token = re.search(r'name="form_token" value="(\w+)"', form)
            fields = {"form_token": token and token[1], "x": "8", "y": "2", "email": ADDRESS}
            page = client.post("/submit/slow_div", data=fields).text
            result = re.search(r"/results/[a-z]{12}", page)
            assert result
            until(lambda: "== <b>4</b>" in client.get(result[0]).text)
        pid = value_of(database, "SELECT pid FROM pandadb.worker WHERE stopped_at IS NULL")
        assert is_alive(pid)
        server.terminate()
        assert server.wait(60) == 0
        assert not is_alive(pid)
    finally:
        server.kill()
        server.wait()


def test_a_malformed_file_of_applications_stops_the_server_at_its_start(tmp_path: Path) -> None:
    file = tmp_path / "applications.toml"
    file.write_text("[a]\nargv = 5\n")
    done = subprocess.run(
        [sys.executable, "-m", "pandadb", "web", "--port=0"],
        env={**os.environ, "PANDADB_APPLICATIONS": str(file)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: {file}: a.argv: Input should be a valid tuple")
