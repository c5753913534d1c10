"""Results of forms by real workers: the three states, mails, full disks, long outputs."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from pandadb.services import archive, queue
from tests.queue.archived_jobs import end_long_ago
from tests.queue.inboxes import running_smtp
from tests.web.applications.forms import ADDRESS, PUBLIC_URL, Browser, declared, result_of, slow_div
from tests.worker.payloads import until
from tests.worker.worker_processes import running_loop, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from pandadb.database import Database

pytestmark = [pytest.mark.any_server, pytest.mark.slow]

RUNNING = "Still working on it"


def shown(browser: Browser, public_id: str, seconds: float = 60) -> str:
    """Wait for the end of a job; return the page of its results."""

    def ended() -> str:
        page = browser.get(f"/results/{public_id}").text
        return "" if RUNNING in page else page

    return str(until(ended, seconds))


def texts(mail: EmailMessage) -> tuple[str, str]:
    """Return the text and the HTML of a mail."""
    assert mail.get_content_type() == "multipart/alternative"
    plain, html = (part.get_content() for part in mail.iter_parts())  # type: ignore[union-attr]
    return plain, html


def test_18_and_19_a_form_is_answered_at_once_and_ends_with_a_page_and_a_mail(
    database: Database, tmp_path: Path
) -> None:
    browser = Browser(database, slow_div(2))
    browser.get("/submit/slow_div")
    with running_loop(database, tmp_path / "jobs"):
        began = time.monotonic()
        answer = browser.submit("8", "2")
        assert time.monotonic() - began < 1
        good, bad = result_of(answer), browser.submitted(x="8", y="0", email="<b>%@example.org")
        page = browser.get(f"/results/{good}").text
        assert RUNNING in page
        assert 'http-equiv="refresh"' in page
        assert "hx-trigger" in page
        page, failed = shown(browser, good), shown(browser, bad)

    assert "<i>8 / 2</i> == <b>4</b>" in page
    assert "Could not compute <i>8 / 0</i>" in failed
    assert "expr: division by zero" in failed
    assert 'http-equiv="refresh"' not in page + failed
    assert "hx-trigger" not in page + failed

    with running_smtp() as (inbox, settings):
        named = settings.model_copy(update={"smtp_from": "Job Manager <jobs@example.org>"})
        done = queue.send_events(database, queue.mail_sink(named))
    assert (len(done.sent), len(done.given_up)) == (1, 1)  # no server takes the second address
    (mail,) = inbox.mails
    assert mail["Subject"] == "slow_div results"
    assert mail["From"] == "Job Manager <jobs@example.org>"
    assert mail["To"] == ADDRESS
    for part in texts(mail):
        assert f"{PUBLIC_URL}/results/{good}" in part
        assert "8 / 2" in part


def test_19_a_failure_is_mailed_with_its_inputs_and_the_text_of_the_program(
    database: Database, tmp_path: Path
) -> None:
    browser = Browser(database, slow_div())
    public_id = browser.submitted(x="8", y="0")
    with running_loop(database, tmp_path / "jobs"):
        shown(browser, public_id)
    assert value_of(database, "SELECT max(attemptnr) FROM doma_panda.jobsarchived4") == 1

    with running_smtp() as (inbox, settings):
        queue.send_events(database, queue.mail_sink(settings))
    for part in texts(inbox.mails[0]):
        assert "Could not compute" in part
        assert "expr: division by zero" in part
        assert "x = 8, y = 0" in part
        assert public_id in part


ODD = """
[word]
argv = ["sh", "-c", "echo '<b>one</b>' two; exit $0", "{code}"]
queue = "demo"
result_word = 3
computes = "<i>{code}"
parameters.code.type = "integer"

[found]
argv = ["echo", "size=7", "{text}"]
queue = "demo"
result_pattern = 'size=(\\d+)'
parameters.text.max_length = 50

[all]
argv = ["printf", "a\\nb\\n"]
queue = "demo"

[none]
argv = ["no-such-program"]
queue = "demo"
"""


def test_results_are_what_the_application_declares(database: Database, tmp_path: Path) -> None:
    browser = Browser(database, declared(tmp_path, ODD))

    def started(name: str, **fields: str) -> str:
        form = f"/submit/{name}"
        return result_of(browser.post(form, form, email=ADDRESS, **fields))

    ids = [started("word", code="0"), started("word", code="7"), started("found", text="<u>"),
           started("all"), started("none")]  # fmt: skip
    with running_loop(database, tmp_path / "jobs"):
        pages = [shown(browser, one) for one in ids]
    assert "its output has no result" in pages[0]
    assert "&lt;b&gt;one&lt;/b&gt; two" in pages[0]
    assert "The payload ended with code 7" in pages[1]
    assert "<i>found (text = &lt;u&gt;)</i> == <b>7</b>" in pages[2]
    assert '<pre class="answer">a\nb</pre>' in pages[3]
    assert "could not be started" in pages[4]


def test_a_cancelled_job_is_a_failure_and_an_archived_one_keeps_its_page(
    database: Database,
) -> None:
    browser = Browser(database, slow_div())
    public_id = browser.submitted()
    pandaid = queue.find_public(database, public_id)[public_id].pandaid
    end_long_ago(database, [pandaid])
    archive.run(database)
    assert queue.find_public(database, public_id)[public_id].is_archived
    assert 'class="state success"' in browser.get(f"/results/{public_id}").text
    other = browser.submitted()
    queue.cancel(database, [queue.find_public(database, other)[other].pandaid], by="ada")
    assert "Could not compute" in browser.get(f"/results/{other}").text
    own = browser.get("/my-jobs", params={"format": "json"}).json()["rows"]
    assert [(one["public_id"], one["state"]) for one in own] == [
        (other, "failure"),
        (public_id, "success"),
    ]


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a disk of 1 MB during the block; skip the test if that is not allowed."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


WRITE = """
head -c $1 /dev/zero &
head -c $1 /dev/zero >&2
code=$?
wait
echo
echo done 4
exit $code
"""
LONG = """
[writes]
argv = ["sh", "./write.sh", "{bytes}"]
queue = "demo"
result_pattern = 'done (\\d)'
parameters.bytes.type = "integer"
"""


def test_26_a_full_disk_fails_the_job_with_a_clear_text(database: Database, tmp_path: Path) -> None:
    (tmp_path / "write.sh").write_text(WRITE)
    browser = Browser(database, declared(tmp_path, LONG))
    with small_disk(tmp_path / "disk") as disk, running_loop(database, disk):
        form = "/submit/writes"
        answer = browser.post(form, form, email=ADDRESS, bytes="3000000")
        page = shown(browser, result_of(answer))

    assert "Could not compute" in page
    error = value_of(database, "SELECT exeerrordiag FROM doma_panda.jobsarchived4")
    assert "no space is left on the disk" in error
    assert value_of(database, "SELECT count(*) FROM pandadb.job_lease") == 0
    assert queue.problems(database) == []


def test_27_a_hundred_megabytes_on_both_pipes_do_not_hang(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "write.sh").write_text(WRITE)
    browser = Browser(database, declared(tmp_path, LONG))
    with running_loop(database, tmp_path / "jobs", keep=False):
        form = "/submit/writes"
        answer = browser.post(form, form, email=ADDRESS, bytes="100000000")
        page = shown(browser, result_of(answer), 120)
    assert "== <b>4</b>" in page
    size = text("SELECT max(length(metadata)) FROM doma_panda.metatable")
    with database.session() as session:
        assert (session.scalar(size) or 0) < 500_000
