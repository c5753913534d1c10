"""Tokens of scripts: made, listed and revoked by the command; sent as bearer tokens."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from pandadb.cli.main import app
from pandadb.web.accounts import api_tokens, identities, password_file, sessions
from pandadb.web.accounts.account_files import InvalidPasswordFile
from pandadb.web.application import create_app
from pandadb.web.options import WebOptions
from tests.web.browsers import PASSWORD, SECRET, Browser

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

    from pandadb.database import Database

pytestmark = pytest.mark.any_server
MONTH = timedelta(30)


def script(database: Database, passwords: Path, rate: str = "3/minute") -> Browser:
    """Return a client without cookies."""
    options = WebOptions(SECRET, login_rate=rate)
    return Browser(create_app(database, options, identities.BySession(passwords)))


def sent(token: str, scheme: str = "Bearer") -> dict[str, dict[str, str]]:
    return {"headers": {"Authorization": f"{scheme} {token}"}}


def test_a_token_has_the_role_of_its_user_and_needs_no_form(
    database: Database, passwords: Path
) -> None:
    reading, made = api_tokens.new_token(passwords, "rita", MONTH)
    operating, _ = api_tokens.new_token(passwords, "ada", MONTH)
    client = script(database, passwords)
    for path in ("/api/v1/jobs", "/metrics", "/jobs?format=csv", "/jobs"):
        assert client.get(path, **sent(reading)).status_code == 200, path
        assert client.get(path, **sent(reading, "bearer")).status_code == 200, path
    drain = {"data": {"worker": "w"}}
    assert client.post("/workers/drain", **drain, **sent(reading)).status_code == 403
    assert client.post("/workers/drain", **drain, **sent(operating)).status_code == 200
    with_cookie = sent(operating)["headers"] | {"Cookie": "a=b"}
    refused = client.post("/workers/drain", **drain, headers=with_cookie)
    assert "The form has expired" in refused.text, "it may come from a browser"
    assert reading not in (passwords.parent / "passwords.tokens").read_text()
    password_file.set_account(passwords, "rita", "operator", "another long password")
    assert client.post("/workers/drain", **drain, **sent(reading)).status_code == 200
    assert api_tokens.revoke(passwords, made.ident)
    assert client.get("/api/v1/jobs", **sent(reading)).status_code == 401


def test_a_void_token_is_refused_with_its_scheme_and_counted(
    database: Database, passwords: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good, made = api_tokens.new_token(passwords, "ada", MONTH)
    expired, _ = api_tokens.new_token(passwords, "ada", timedelta(0))
    client = script(database, passwords, "1000/minute")
    client.submit("/login", "/login", name="ada", password=PASSWORD)
    assert sessions.COOKIE in client.cookies
    void = (
        "", "x", good[:-1], f"{good}x", good.replace(made.ident, "0" * 12), expired, "é" * 50,
        good.replace("pandadb_", ""), f"pandadb_{made.ident}_{'A' * 43}", f"{good} {good}",
    )  # fmt: skip
    for token in void:
        for path in ("/api/v1/jobs", "/metrics", "/jobs"):
            headers = {"Authorization": b"Bearer " + token.encode()}
            answer = client.get(path, headers=headers)  # type: ignore[arg-type]
            assert answer.status_code == 401, (token, path, "not even with a session")
            assert answer.headers["WWW-Authenticate"].endswith('error="invalid_token"')
            assert good not in answer.text + caplog.text
    assert client.get("/jobs", **sent("YTpi", "Basic")).status_code == 200, "that is a proxy's"
    client.cookies.clear()
    for path in ("/api/v1/jobs", "/metrics", "/tasks?format=csv"):
        answer = client.get(path)
        assert answer.status_code == 401, "data are never the page of the log-in"
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="pandadb"'
        assert answer.json()["error"] == "Log in first."
    few = script(database, passwords, "3/minute")
    statuses = [few.get("/api/v1/jobs", **sent("x")).status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429]
    assert few.get("/api/v1/jobs", **sent(good)).status_code == 200, "guesses shut no one out"


def test_tokens_end_with_their_user_and_not_with_a_password(passwords: Path) -> None:
    token, _ = api_tokens.new_token(passwords, "rita", MONTH, "prometheus")
    password_file.set_account(passwords, "rita", "reader", "another long password")
    assert api_tokens.verified(passwords, token)
    password_file.remove_account(passwords, "rita")
    assert api_tokens.verified(passwords, token) is None
    token, _ = api_tokens.new_token(passwords, "rita", MONTH)  # the line was removed by hand
    password_file.set_account(passwords, "rita", "reader", PASSWORD)
    assert api_tokens.verified(passwords, token) is None, "of another rita"


def test_a_malformed_or_open_file_of_tokens_is_refused(database: Database, passwords: Path) -> None:
    token, _ = api_tokens.new_token(passwords, "ada", MONTH)
    path = passwords.with_name("passwords.tokens")
    good = path.read_text()
    for text in ("x\n", good.replace("\t", " "), good.replace("Z", "!"), "\udcff"):
        path.write_text(text, errors="surrogateescape")
        with pytest.raises(InvalidPasswordFile):
            api_tokens.tokens(passwords)
    path.write_text(good)
    path.chmod(0o644)
    with pytest.raises(InvalidPasswordFile, match="chmod 600"):
        api_tokens.tokens(passwords)
    assert script(database, passwords).get("/api/v1/jobs", **sent(token)).status_code == 401
    for note in ("a\nb", "a\tb", "x" * 101):
        with pytest.raises(InvalidPasswordFile, match="printable"):
            api_tokens.new_token(passwords, "ada", MONTH, note)


def test_tokens_are_made_listed_and_revoked_by_the_command(
    passwords: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PANDADB_WEB_PASSWORDS", str(passwords))

    def users(*words: str) -> Result:
        return CliRunner().invoke(app, ["web", "users", *words])

    made = users("token", "rita", "--days", "7", "--note", "cron")
    token = made.stdout.strip()
    assert api_tokens.verified(passwords, token), made.output
    (row,) = json.loads(users("tokens", "--json").stdout)
    assert (row["name"], row["state"], row["note"]) == ("rita", "valid", "cron")
    assert token.split("_")[2] not in users("tokens").output
    assert users("token", "nobody").exit_code == 3
    assert users("revoke", row["token"]).exit_code == 0
    assert users("revoke", row["token"]).exit_code == 3
    assert json.loads(users("tokens", "--json").stdout) == []
