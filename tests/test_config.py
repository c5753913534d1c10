"""Settings: read from the environment and .env, and a sentence for each mistake."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from pandadb.config import Settings, SettingsError, load_settings, sqlalchemy_url

pytestmark = pytest.mark.any_server


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.upper().startswith("PANDADB_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_nothing_set_means_the_embedded_database_and_no_timeouts() -> None:
    settings = load_settings()

    assert settings.url is None
    assert settings.schemas == {}
    assert (settings.statement_timeout, settings.lock_timeout) == (0, 0)
    assert settings.waiting_table == "jobswaiting4"


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANDADB_URL", "postgresql://me:secret@db/panda")
    monkeypatch.setenv("PANDADB_SCHEMAS", "doma_panda=ATLAS_PANDA, doma_deft=ATLAS_DEFT")
    monkeypatch.setenv("PANDADB_LOCK_TIMEOUT", "2.5")

    settings = load_settings()

    assert settings.url is not None
    assert settings.url.get_secret_value() == "postgresql://me:secret@db/panda"
    assert settings.schemas == {"doma_panda": "ATLAS_PANDA", "doma_deft": "ATLAS_DEFT"}
    assert settings.lock_timeout == 2.5


def test_the_embedded_database_can_be_named_but_is_no_archive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load_settings().server_url() is None
    monkeypatch.setenv("PANDADB_URL", "embedded")

    settings = load_settings()

    assert (settings.url is None, settings.server_url()) == (False, None)
    for name in ("PANDADB_ARCHIVE_URL", "PANDADB_DIRECT_URL"):
        monkeypatch.setenv(name, "embedded")
        with pytest.raises(SettingsError, match=f"^{name}: The database URL cannot be read"):
            load_settings()
        monkeypatch.delenv(name)


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("PANDADB_APPLICATION_NAME=file\nPANDADB_LOCK_TIMEOUT=1\nOTHER=x\n")
    monkeypatch.setenv("PANDADB_APPLICATION_NAME", "environment")

    settings = load_settings()

    assert (settings.application_name, settings.lock_timeout) == ("environment", 1)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PANDADB_URI", "x", "PANDADB_URI is not a setting: did you mean PANDADB_URL?"),
        ("PANDADB_XYZZY", "x", "PANDADB_XYZZY is not a setting: known are PANDADB_URL,"),
        ("PANDADB_LOCK_TIMEOUT", "soon", "PANDADB_LOCK_TIMEOUT is 'soon': "),
        ("PANDADB_STATEMENT_TIMEOUT", "-1", "PANDADB_STATEMENT_TIMEOUT is '-1': "),
        ("PANDADB_STATEMENT_TIMEOUT", "1e12", "PANDADB_STATEMENT_TIMEOUT is '1e12': "),
        ("PANDADB_LOCK_TIMEOUT", "nan", "PANDADB_LOCK_TIMEOUT is 'nan': "),
        ("PANDADB_POOL_SIZE", "0", "PANDADB_POOL_SIZE is '0': "),
        ("PANDADB_POOL_OVERFLOW", "-1", "PANDADB_POOL_OVERFLOW is '-1': "),
        ("PANDADB_POOL_TIMEOUT", "inf", "PANDADB_POOL_TIMEOUT is 'inf': "),
        ("PANDADB_ARCHIVE_WAIT", "-1", "PANDADB_ARCHIVE_WAIT is '-1': "),
        ("PANDADB_WAITING_TABLE", "jobs", "PANDADB_WAITING_TABLE is 'jobs': "),
        ("PANDADB_SCHEMAS", "panda=x", "'panda' is not one of doma_panda, "),
        ("PANDADB_SCHEMAS", "doma_panda", "doma_panda needs a name: doma_panda=NAME"),
        ("PANDADB_SCHEMAS", "doma_panda=a,doma_panda=b", "a schema is named twice"),
        ("PANDADB_APPLICATION_NAME", "x" * 64, "PANDADB_APPLICATION_NAME is 'xxx"),
    ],
)
def test_a_setting_that_cannot_be_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert sentence in str(caught.value)


def test_a_mistake_in_the_file_is_a_sentence_too() -> None:
    Path(".env").write_text("PANDADB_LOCK_TIMOUT=1\n")

    with pytest.raises(SettingsError, match="did you mean PANDADB_LOCK_TIMEOUT"):
        load_settings()


@pytest.mark.parametrize("line", ["not a line", "A='open", 'PANDADB_URL="secret'])
def test_a_line_of_the_file_that_says_nothing_is_a_sentence_with_its_number(line: str) -> None:
    Path(".env").write_text(f"# mine\nOTHER=x\n{line}\n")

    with pytest.raises(SettingsError, match=r"\.env, line 3, is not NAME=value$"):
        load_settings()


def test_an_empty_value_is_none_even_where_the_file_has_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_text("PANDADB_URL=postgresql://db/panda\nPANDADB_LOCK_TIMEOUT=\n")
    monkeypatch.setenv("PANDADB_URL", "")

    assert (load_settings().url, load_settings().lock_timeout) == (None, 0)


def test_names_for_the_tests_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANDADB_TEST_URL", "anything")

    assert load_settings().url is None


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:secret@db/x",
        "secret",
        "postgres//me:secret@db",
        "sqlite:///secret",
        "postgresql://me:secret@db:secret/x",
        "postgresql://me:half@secret@db/x",
        "postgresql://me:x@[secret/x",
    ],
)
def test_a_wrong_url_is_a_sentence_without_the_url(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("PANDADB_URL", url)

    with pytest.raises(SettingsError, match=r"^PANDADB_URL: ") as caught:
        load_settings()

    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    monkeypatch.delenv("PANDADB_URL")
    monkeypatch.setenv("PANDADB_ARCHIVE_URL", url)
    with pytest.raises(SettingsError, match=r"^PANDADB_ARCHIVE_URL: ") as caught:
        load_settings()
    assert "secret" not in str(caught.value)


def test_an_error_of_the_class_itself_shows_no_password() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(url="mysql://me:secret@db/panda")

    assert "secret" not in str(caught.value)


def test_an_unknown_setting_is_named_without_its_value() -> None:
    with pytest.raises(SettingsError, match="PANDADB_PASSWORD is not a setting") as caught:
        load_settings(password="secret")

    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_text_is_a_sentence() -> None:
    Path(".env").write_bytes(b"PANDADB_URL=\xff\n")

    with pytest.raises(SettingsError, match=r"\.env cannot be read as UTF-8 text"):
        load_settings()


def test_schemas_are_checked_wherever_they_come_from() -> None:
    assert load_settings(schemas=" doma_panda = a ").schemas == {"doma_panda": "a"}
    with pytest.raises(SettingsError, match="'panda' is not one of"):
        load_settings(schemas={"panda": "a"})
    with pytest.raises(SettingsError, match="PANDADB_SCHEMAS is None"):
        load_settings(schemas=None)


def test_a_password_is_not_shown() -> None:
    settings = Settings(url="postgresql://me:hunter2@db/panda")

    assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump()}"


@pytest.mark.parametrize(
    "spelling", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"]
)
def test_any_spelling_of_a_url_is_understood(spelling: str) -> None:
    url = sqlalchemy_url(f"{spelling}://me@/panda?host=/run/pg&sslmode=disable")

    assert url.drivername == "postgresql+psycopg"
    assert (url.username, url.database) == ("me", "panda")
    assert url.query == {"host": "/run/pg", "sslmode": "disable"}


@pytest.mark.parametrize(
    "hosts",
    ["me:p,w@a:1,b:2/panda?sslmode=x", "me:p%2Cw@/panda?sslmode=x&host=a:1&host=b:2"],
)
def test_several_hosts_are_understood(hosts: str) -> None:
    url = sqlalchemy_url(f"postgresql://{hosts}")

    assert (url.username, url.password, url.database) == ("me", "p,w", "panda")
    assert url.query == {"sslmode": "x", "host": ("a:1", "b:2")}


def test_a_password_among_the_words_of_a_url_is_hidden_like_any_other() -> None:
    url = sqlalchemy_url("postgresql://me@db/panda?password=secret&sslmode=require")

    assert url.password == "secret"
    assert "secret" not in f"{url} {url!r}"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("autocommit=true", "has 'autocommit', which libpq does not know"),
        ("row_factory=x", "has 'row_factory', which libpq does not know"),
        ("cursor_factory=x", "has 'cursor_factory'"),
        ("context=x", "has 'context'"),
        ("sslmod=require", "did you mean sslmode?"),
        ("prepare_threshold=soon", "prepare_threshold: write a number or none"),
        ("prepare_threshold=-1", "prepare_threshold: write a number or none"),
        ("prepare_threshold=1&prepare_threshold=2", "prepare_threshold: write a number or none"),
    ],
)
def test_a_word_of_a_url_that_the_driver_would_misunderstand_is_a_sentence(
    words: str, sentence: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        sqlalchemy_url(f"postgresql://me:secret@db/panda?{words}")

    assert sentence in str(caught.value)
    assert "secret" not in str(caught.value)
