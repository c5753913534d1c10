"""Forms of applications: checks in order, hostile addresses, the browser that is remembered."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from itsdangerous import URLSafeSerializer
from sqlalchemy import text

from pandadb.core.sql.validation import InvalidValue
from pandadb.services import applications, jobs, queue
from pandadb.web.accounts.submitter import COOKIE, SALT
from pandadb.web.accounts.users import Role, User
from pandadb.web.pages import applications as pages
from tests.web.applications.forms import ADDRESS, PUBLIC_URL, Browser, result_of, slow_div

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server

HOSTILE = ("a@b; touch /tmp/pandadb_pwn", "../../x@y", "%(x)s@%s", "<script>alert(1)</script>@x")


@pytest.fixture
def browser(database: Database) -> Browser:
    return Browser(database, slow_div())


def stored(database: Database) -> int:
    with database.session() as session:
        count = text("SELECT count(*) FROM pandadb.job_control")
        return int(session.scalar(count) or 0)


def test_a_form_has_labels_and_is_in_the_list(browser: Browser) -> None:
    assert 'href="/submit/slow_div"' in browser.get("/applications").text
    page = browser.get("/submit/slow_div").text
    for field in ("x", "y", "email"):
        assert f'<label for="{field}"' in page
        assert f'name="{field}"' in page
    assert browser.get("/submit/other").status_code == 404


WRONG = [
    ("a", "", "none", "parameter &#39;x&#39; is not an integer"),
    ("8", "", "none", "parameter &#39;y&#39; is not an integer"),
    ("8", "2", "none", "invalid email address"),
    ("1e3", "2", ADDRESS, "parameter &#39;x&#39; is not an integer"),
    ("9" * 5000, "2", ADDRESS, "parameter &#39;x&#39; is not an integer"),
    ("1000000001", "2", ADDRESS, "parameter &#39;x&#39; is above 1,000,000,000"),
    ("8", "2", "a@b\r\nBcc: all@example.org", "invalid email address"),
    ("8", "2", "a\0@b", "invalid email address"),
    ("8", "2", "a@" + "b" * 300, "invalid email address"),
]
"""Inputs x and y, an address, and the reason that is shown, as HTML."""


def test_20_a_wrong_input_has_its_sentence_and_nothing_is_stored(
    browser: Browser, database: Database
) -> None:
    for x, y, email, reason in WRONG:
        answer = browser.submit(x, y, email)

        assert answer.status_code == 400
        assert f"Could not start job: <i>{reason}</i>" in answer.text
        assert 'href="/submit/slow_div"' in answer.text
        assert COOKIE not in answer.cookies
    assert stored(database) == 0


def test_a_refused_form_keeps_what_was_typed(browser: Browser) -> None:
    page = browser.submit("8", "two", ADDRESS).text
    assert 'value="8"' in page
    assert 'value="two"' in page


def test_a_form_without_its_token_is_refused(browser: Browser, database: Database) -> None:
    browser.get("/submit/slow_div")
    answer = browser.client.post("/submit/slow_div", data={"x": "8", "y": "2", "email": ADDRESS})
    assert (answer.status_code, stored(database)) == (403, 0)


def test_a_job_has_its_inputs_its_user_and_no_shell(browser: Browser, database: Database) -> None:
    public_id = browser.submitted(x=" +8 ", y="-2")

    job = jobs.get(database, queue.find_public(database, public_id)[public_id].pandaid)
    assert (job["jobstatus"], job["produsername"]) == ("activated", ADDRESS)
    argv = job["jobparameters"]
    assert re.search(r'"argv": \["sh", "/\S+/slow_div.sh", "8", "-2"\]', str(argv))


def test_21_a_hostile_address_is_a_text_and_nothing_else(
    browser: Browser, database: Database, tmp_path: Path
) -> None:
    for address in HOSTILE:
        public_id = browser.submitted(email=address)
        page = browser.get(f"/results/{public_id}").text

        assert address.replace("<", "&lt;").replace(">", "&gt;") in page
        assert "<script>alert" not in page
        assert applications.get_result(database, public_id).address == address
        (lease,) = queue.claim(database, "demo", 1, owner="w")
        assert address not in str(lease.parameters)
        queue.finish(database, lease)
    done = queue.send_events(database, queue.folder_sink(tmp_path))
    assert len(done.given_up) == len(HOSTILE)  # no mail has one
    assert [*tmp_path.iterdir()] == []
    assert not Path("/tmp/pandadb_pwn").exists()


def test_22_a_browser_is_remembered_by_a_signed_cookie(browser: Browser) -> None:
    assert f'value="{ADDRESS}"' not in browser.get("/submit/slow_div").text
    answer = browser.submit()

    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "Secure", "SameSite=lax"} <= {*cookie.split("; ")}
    assert f'value="{ADDRESS}"' in browser.get("/submit/slow_div").text
    browser.submit(email="ada@example.com")
    assert 'value="ada@example.com"' in browser.get("/submit/slow_div").text


def test_22_a_forged_cookie_shows_nothing_of_others(browser: Browser, database: Database) -> None:
    public_id = browser.submitted()
    mine = URLSafeSerializer("of tests", SALT).loads(browser.client.cookies[COOKIE])
    thief = Browser(database, slow_div())
    thief.client.cookies.set(COOKIE, URLSafeSerializer("guessed", SALT).dumps(mine))

    assert public_id in browser.get("/my-jobs").text
    page = thief.get("/my-jobs").text
    assert public_id not in page
    assert ADDRESS not in page
    assert ADDRESS not in thief.get("/submit/slow_div").text


def test_22_an_address_that_is_typed_opens_no_list(browser: Browser, database: Database) -> None:
    public_id = browser.submitted()
    other = Browser(database, slow_div())
    own = other.submitted(email=ADDRESS)

    page = other.get("/my-jobs").text
    assert own in page
    assert public_id not in page


def test_own_jobs_are_those_of_an_application_if_it_is_named(database: Database) -> None:
    (one,) = slow_div().values()
    two = {name: one.model_copy(update={"name": name}) for name in ("slow_div", "other")}
    browser = Browser(database, two)
    first = browser.submitted()
    second = result_of(browser.post("/submit/other", "/submit/other", x="1", y="1", email=ADDRESS))
    for name, shown in (("", {first, second}), ("other", {second}), ("none", set())):
        found = browser.get("/my-jobs", params={"application": name, "format": "json"}).json()
        assert {row["public_id"] for row in found["rows"]} == shown
    assert "<option selected>other</option>" in browser.get("/my-jobs?application=other").text


def test_a_user_with_an_account_has_the_same_list_everywhere(database: Database) -> None:
    user = User("ada", Role.READER)
    public_id = Browser(database, slow_div(), user).submitted()
    other = Browser(database, slow_div(), User("eve", Role.READER))
    assert public_id in Browser(database, slow_div(), user).get("/my-jobs").text
    assert public_id not in other.get("/my-jobs").text


def test_a_browser_can_be_forgotten(browser: Browser) -> None:
    browser.submit()
    answer = browser.post("/my-jobs/forget", "/my-jobs")
    assert answer.status_code == 303
    assert "This browser has submitted no such jobs" in browser.get("/my-jobs").text
    assert ADDRESS not in browser.get("/submit/slow_div").text


def test_a_queue_that_refuses_a_job_is_a_misconfigured_server(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise InvalidValue("argv is too long")

    monkeypatch.setattr(pages.applications, "submit", refuse)
    answer = browser.submit()

    assert answer.status_code == 500
    assert "Could not start job: <i>Failure: misconfigured server</i>" in answer.text
    assert "argv is too long" in caplog.text


def test_results_are_at_the_public_address(browser: Browser, database: Database) -> None:
    public_id = browser.submitted()
    (lease,) = queue.claim(database, "demo", 1, owner="w")
    queue.finish(database, lease)
    (event,) = queue.events(database)
    about = event.payload["metadata"]["application"]
    assert about["results_url"] + event.payload["public_id"] == f"{PUBLIC_URL}/results/{public_id}"


def test_jobs_of_an_account_are_not_those_of_its_browser(database: Database) -> None:
    browser = Browser(database, slow_div(), User("ada", Role.READER))
    of_ada = browser.submitted()
    assert of_ada in browser.get("/my-jobs").text
    later = Browser(database, slow_div())
    later.client.cookies.update(browser.client.cookies)
    page = later.get("/my-jobs").text
    assert of_ada not in page, "after the log-out"
    assert later.submitted() not in browser.get("/my-jobs").text
