"""Accounts: log-in, sessions, roles, passwords; a proxy's headers; none at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from pandadb.cli.main import app
from pandadb.config import Settings
from pandadb.errors import InvalidInput
from pandadb.web.accounts import csrf, identities, password_file, sessions
from pandadb.web.accounts.account_files import InvalidPasswordFile
from pandadb.web.application import create_app
from pandadb.web.options import WebOptions
from tests.web.browsers import PASSWORD, SECRET, Browser

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

    from pandadb.database import Database

pytestmark = pytest.mark.any_server


@pytest.fixture
def browser(database: Database, passwords: Path) -> Browser:
    identify = identities.BySession(passwords)
    return Browser(create_app(database, WebOptions(SECRET, login_rate="3/minute"), identify))


def log_in(browser: Browser, name: str, password: str = PASSWORD, next_: str = "/jobs"):
    return browser.submit("/login", "/login", name=name, password=password, next=next_)


def test_pages_lead_to_the_login_and_back(browser: Browser) -> None:
    assert browser.get("/jobs").headers["location"] == "/login?next=%2Fjobs"
    assert log_in(browser, "rita").headers["location"] == "/jobs"
    page = browser.get("/jobs")
    assert page.status_code == 200
    assert "rita (reader)" in page.text
    browser.submit("/logout")
    assert browser.get("/jobs").status_code == 303


def test_api_answers_401_without_an_account(browser: Browser) -> None:
    answer = browser.get("/api/v1/jobs")
    assert answer.status_code == 401
    assert answer.json()["error"] == "Log in first."


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong" * 4), ("nobody", PASSWORD)])
def test_wrong_name_and_wrong_password_look_the_same(
    browser: Browser, name: str, password: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = log_in(browser, name, password)
    assert answer.status_code == 401
    assert "The name or the password is wrong." in answer.text
    assert password not in answer.text + caplog.text


@pytest.mark.parametrize(
    "address", ["https://evil.org", "//evil.org", "/\\evil.org", "javascript:1", "/a\r\nb: c"]
)
def test_login_leads_to_no_other_site(browser: Browser, address: str) -> None:
    assert log_in(browser, "ada", next_=address).headers["location"] == "/"


def test_session_begins_anew_at_the_login(browser: Browser) -> None:
    before = browser.token("/login")
    seed = browser.cookies[csrf.COOKIE]
    log_in(browser, "ada")
    assert csrf.COOKIE not in browser.cookies
    browser.cookies.set(csrf.COOKIE, seed)
    answer = browser.post("/logout", data={csrf.FIELD: before})
    assert answer.status_code == 403, "a token from before the log-in is void"


def test_forged_and_old_sessions_are_void(
    browser: Browser, passwords: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(browser, "ada")
    mine = browser.cookies[sessions.COOKIE]
    for session, status in ((mine[:-2], 303), ("x" + mine, 303), ("a.b.c", 303), (mine, 200)):
        browser.cookies.clear()
        browser.cookies.set(sessions.COOKIE, session)
        assert browser.get("/jobs").status_code == status
    monkeypatch.setattr(sessions, "MAX_AGE", -1)
    assert browser.get("/jobs").status_code == 303
    monkeypatch.undo()
    password_file.set_account(passwords, "ada", "operator", "another long password")
    assert browser.get("/jobs").status_code == 303, "another password ends sessions"


def test_cookies_are_kept_from_scripts_and_other_sites(database: Database, passwords: Path) -> None:
    options = WebOptions(SECRET, "https://panda.example.org")
    browser = Browser(create_app(database, options, identities.BySession(passwords)))
    browser.base_url = "https://panda.example.org"  # type: ignore[assignment]
    cookies = log_in(browser, "ada").headers.get_list("set-cookie")
    session = next(one for one in cookies if one.startswith(sessions.COOKIE))
    assert {"HttpOnly", "Secure", "SameSite=lax"} <= {*session.split("; ")}


def test_attempts_to_log_in_are_limited(browser: Browser) -> None:
    statuses = [log_in(browser, "ada", "wrong" * 4).status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429]


def test_headers_are_believed_from_a_proxy_only(database: Database) -> None:
    headers = {"X-Forwarded-User": "ada", "X-Forwarded-Role": "operator"}
    identify = identities.ByHeader(*headers)

    def status(proxies: frozenset[str], given: dict[str, str]) -> tuple[int, bool]:
        options = WebOptions(SECRET, proxies=proxies)
        answer = Browser(create_app(database, options, identify)).get("/jobs", headers=given)
        return answer.status_code, "ada (operator)" in answer.text

    assert status(frozenset({"testclient"}), headers) == (200, True)
    assert status(frozenset({"10.0.0.1"}), headers) == (401, False)
    assert status(frozenset({"testclient"}), {}) == (401, False)
    for name in headers:
        twice = [*headers.items(), (name, "operator")]
        found = status(frozenset({"testclient"}), twice)  # type: ignore[arg-type]
        assert found[1] is False, "one of them may be the client's"


def test_settings_choose_the_accounts(tmp_path: Path) -> None:
    def chosen(kind: str) -> object:
        settings = Settings(web_accounts=kind, web_passwords=tmp_path / "none")  # type: ignore[arg-type]
        return identities.identify_by(settings)

    assert chosen("none") is identities.without_accounts
    assert isinstance(chosen("file"), identities.BySession)
    assert isinstance(chosen("header"), identities.ByHeader)


@pytest.mark.parametrize(
    ("name", "role", "password", "sentence"),
    [
        ("a:b", "reader", PASSWORD, "is no name"),
        ("ada", "admin", PASSWORD, "is no role"),
        ("ada", "reader", "short", "12 to 128 characters"),
        ("ada", "reader", "x" * 129, "12 to 128 characters"),
    ],
)
def test_accounts_are_refused_with_a_sentence(
    tmp_path: Path, name: str, role: str, password: str, sentence: str
) -> None:
    with pytest.raises(InvalidPasswordFile, match=sentence):
        password_file.set_account(tmp_path / "passwords", name, role, password)
    assert not (tmp_path / "passwords").exists()


def test_password_file_of_others_is_refused(passwords: Path) -> None:
    passwords.chmod(0o644)
    with pytest.raises(InvalidPasswordFile, match="chmod 600"):
        password_file.accounts(passwords)


def test_users_are_added_and_removed_by_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "passwords"
    monkeypatch.setenv("PANDADB_WEB_PASSWORDS", str(path))

    def users(*words: str, given: str = "") -> Result:
        return CliRunner().invoke(app, ["web", "users", *words], input=given)

    assert users("add", "ada", "--role", "operator", given=PASSWORD).exit_code == 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in path.read_text()
    assert password_file.verified(path, "ada", PASSWORD)
    assert '"role": "operator"' in users("list", "--json").stdout
    assert isinstance(users("add", "ada", given="short").exception, InvalidInput)
    assert users("remove", "ada").exit_code == 0
    assert users("remove", "ada").exit_code == 3


def test_copies_of_a_session_end_with_it_on_all_servers(
    browser: Browser, database: Database, passwords: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def other() -> Browser:
        return Browser(create_app(database, WebOptions(SECRET), identities.BySession(passwords)))

    log_in(browser, "ada")
    copied = browser.cookies[sessions.COOKIE]
    second = other()
    second.cookies.set(sessions.COOKIE, copied)
    assert second.get("/jobs").status_code == 200
    browser.submit("/logout")
    browser.cookies.set(sessions.COOKIE, copied)
    later = other()
    later.cookies.set(sessions.COOKIE, copied)
    for one in (browser, second, later):
        assert one.get("/jobs").status_code == 303
    browser.cookies.clear()
    log_in(browser, "ada")
    assert browser.get("/jobs").status_code == 200
    folder = passwords.with_name("passwords.ended")
    (ended,) = folder.iterdir()
    os.utime(ended, (0, 0))
    browser.submit("/logout")
    assert ended not in folder.iterdir(), "its cookie is too old by now"
    assert not caplog.records or "this process only" not in caplog.text


def test_a_log_out_that_cannot_be_stored_holds_in_its_process(
    browser: Browser, passwords: Path, caplog: pytest.LogCaptureFixture
) -> None:
    passwords.with_name("passwords.ended").write_text("in the way")
    log_in(browser, "ada")
    copied = browser.cookies[sessions.COOKIE]
    assert browser.submit("/logout").status_code == 303
    browser.cookies.set(sessions.COOKIE, copied)
    assert browser.get("/jobs").status_code == 303
    assert "this process only" in caplog.text


def test_sessions_end_with_another_role_and_with_their_user(
    browser: Browser, passwords: Path
) -> None:
    log_in(browser, "ada")
    passwords.write_text(passwords.read_text().replace("ada:operator", "ada:reader"))
    assert browser.get("/jobs").status_code == 303, "by hand"
    log_in(browser, "ada")
    assert browser.get("/jobs").status_code == 200
    password_file.remove_account(passwords, "ada")
    assert browser.get("/jobs").status_code == 303
    password_file.set_account(passwords, "ada", "reader", PASSWORD)
    assert browser.get("/jobs").status_code == 303, "that is another ada"


def test_a_file_of_accounts_that_cannot_be_read_is_a_sentence(
    browser: Browser, passwords: Path, tmp_path: Path
) -> None:
    passwords.write_bytes(b"\xff")
    assert browser.get("/jobs").status_code == 303
    assert log_in(browser, "ada").status_code == 503
    with pytest.raises(InvalidPasswordFile, match="Is a directory"):
        password_file.accounts(_private(tmp_path / "folder"))


def _private(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder
