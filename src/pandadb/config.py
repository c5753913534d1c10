"""Settings, read from `PANDADB_*` variables and a file `.env`; nothing else reads them."""

from __future__ import annotations

import difflib
import io
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from platformdirs import user_data_path, user_state_path
from platformdirs.unix import Unix
from psycopg.pq import Conninfo
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from pandadb.errors import InvalidInput

LIBPQ = tuple(option.keyword.decode() for option in Conninfo.get_defaults())
"""The parameters that libpq knows in a URL."""

PREFIX = "PANDADB_"
ENV_FILE = Path(".env")
APPLICATIONS_FILE = "applications.toml"
SCHEMAS = (
    "doma_panda",
    "doma_pandaarch",
    "doma_pandameta",
    "doma_deft",
    "doma_pandabigmon",
    "pandadb",
)


EMBEDDED = "embedded"
"""The value of PANDADB_URL that names the embedded PostgreSQL."""


class SettingsError(InvalidInput):
    """An unknown setting, or an invalid value."""


def sqlalchemy_url(text: str) -> URL:
    """Return any spelling of a PostgreSQL URL as a SQLAlchemy URL for the driver psycopg.

    Several hosts may be written as libpq does (`host1:5432,host2`) or as SQLAlchemy does.

    Raises:
        SettingsError: It is no URL, or not one of PostgreSQL. The sentence leaves out the URL,
            since that may hold a password.
    """
    try:
        if "\0" in unquote(text, errors="strict"):
            raise SettingsError(
                "The database URL has %00 in it, which no name or password can have"
            )
        url = make_url(_hosts_in_query(text))
    except (ArgumentError, ValueError):
        url = None
    if url is None or "@" in (url.host or ""):
        raise SettingsError(
            "The database URL cannot be read: write postgresql://user:password@host:5432/database, "
            "and in the password %40 for @, %2F for / and %25 for %, in UTF-8"
        )
    if not re.fullmatch(r"postgres(ql)?(\+\w+)?", url.drivername):
        raise SettingsError(
            f"The database URL begins with {url.drivername}:// but pandadb works on PostgreSQL: "
            "write postgresql://…"
        )
    url = url.set(drivername="postgresql+psycopg")
    _check_words(url)
    _check_places(url)
    password = url.query.get("password")
    if isinstance(password, str):  # SQLAlchemy masks only the password part
        url = url.difference_update_query(["password"]).set(password=password)
    return url


def _check_words(url: URL) -> None:
    """Refuse parameters that would reach the driver as text, such as autocommit=true."""
    for name, value in url.query.items():
        if name == "prepare_threshold":
            if not (isinstance(value, str) and re.fullmatch(r"\d{1,9}|none", value)):
                raise SettingsError(
                    "The database URL has prepare_threshold: write a number or none"
                )
        elif name not in LIBPQ:
            close = difflib.get_close_matches(name, LIBPQ, n=1)
            meant = f"did you mean {close[0]}?" if close else "leave it out"
            raise SettingsError(
                f"The database URL has {name!r}, which libpq does not know: {meant}"
            )


def _check_places(url: URL) -> None:
    """Refuse hosts and ports that are invalid for the driver."""
    try:
        _, words = url.get_dialect()().create_connect_args(url)
        for host in str(words.get("host", "")).split(","):
            if not host.startswith(("/", "@")):  # a socket
                host.encode("idna")
        ports = [int(port) for port in str(words.get("port", "")).split(",") if port]
    except (ArgumentError, ValueError):
        ports = [0]
    if any(not 0 < port < 2**16 for port in ports):
        raise SettingsError(
            "The database URL has hosts and ports that cannot be: write host:5432, or "
            "host1:5432,host2:5432, with names that DNS can have and ports from 1 to 65535"
        )


def _hosts_in_query(text: str) -> str:
    """Write several hosts in SQLAlchemy's form: `?host=a:1&host=b:2`."""
    parts = urlsplit(text)
    login, at, hosts = parts.netloc.rpartition("@")
    if "," not in hosts or "@" in parts.path:
        return text
    query = "&".join([*filter(None, [parts.query]), *(f"host={host}" for host in hosts.split(","))])
    return f"{parts.scheme}://{login}{at}{parts.path}?{query}"


def _checked(url: SecretStr) -> SecretStr:
    try:
        sqlalchemy_url(url.get_secret_value())
    except SettingsError as error:
        raise ValueError(str(error)) from None
    return url


def _checked_or_embedded(url: SecretStr) -> SecretStr:
    return url if url.get_secret_value() == EMBEDDED else _checked(url)


def _names(value: Any) -> Any:
    """Return `a=b,c=d` as a dictionary with names of our schemas as keys."""
    if isinstance(value, str):
        pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
        value = {ours.strip(): theirs.strip() for ours, _, theirs in pairs}
        if len(value) < len(pairs):
            raise ValueError("a schema is named twice")
    if not isinstance(value, dict):
        return value
    for ours, theirs in value.items():
        if ours not in SCHEMAS:
            raise ValueError(f"{ours!r} is not one of {', '.join(SCHEMAS)}")
        if not theirs:
            raise ValueError(f"{ours} needs a name: {ours}=NAME")
        if not (theirs.isprintable() and '"' not in theirs and len(theirs.encode()) <= 63):
            raise ValueError(f"{ours}: no schema can be called {theirs!r}")
    return value


def _default_data_dir() -> Path:
    if os.name != "posix":
        return user_data_path("pandadb")
    # PostgreSQL refuses to run as root: its user could not enter root's home.
    if os.geteuid() == 0:
        return Path("/var/lib/pandadb")
    # On macOS too: the path of a socket cannot have the space of "Application Support".
    return Unix("pandadb").user_data_path


Days = Annotated[float, Field(ge=0, le=36_500, allow_inf_nan=False)]

Seconds = Annotated[float, Field(ge=0, le=2_147_483, allow_inf_nan=False)]
"""PostgreSQL's timeouts are 32-bit milliseconds: up to 24 days."""


class Settings(BaseSettings):
    """Settings of this process for its database."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
    )

    url: Annotated[SecretStr, AfterValidator(_checked_or_embedded)] | None = None
    """The database, in any `postgresql://` spelling; `embedded` or None for the embedded one."""
    pooler: Literal["transaction"] | None = None
    """`transaction` if a pooler such as PgBouncer is in between, in that mode."""
    direct_url: Annotated[SecretStr, AfterValidator(_checked)] | None = None
    """Then: the database without the pooler, for work that needs a session."""
    schemas: Annotated[dict[str, str], NoDecode, BeforeValidator(_names)] = {}
    """Other names of schemas: `doma_panda=ATLAS_PANDA,doma_pandaarch=ATLAS_PANDAARCH`."""
    application_name: str = Field("pandadb", max_length=63)
    """Name of the sessions in pg_stat_activity."""
    statement_timeout: Seconds = 0
    """Statement timeout in seconds; 0 for none."""
    lock_timeout: Seconds = 0
    """Lock timeout in seconds; 0 for none."""
    pool_size: int = Field(5, ge=1, le=10_000)
    """Connections kept in the pool."""
    pool_overflow: int = Field(10, ge=0, le=10_000)
    """Additional temporary connections."""
    pool_timeout: Seconds = 30
    """Seconds to wait for a connection when all are in use."""
    pool_recycle: Seconds = 0
    """Maximum age of a connection in seconds; 0 for none."""
    data_dir: Path = Field(default_factory=_default_data_dir)
    """Data folder of the embedded PostgreSQL."""
    policies: Path | None = None
    """A TOML file that overrides the partition policies (intervals, retention)."""
    archive_url: Annotated[SecretStr, AfterValidator(_checked)] | None = None
    """URL of the archive's database; None for the schema `doma_pandaarch` of the first."""
    archive_wait: Days = 2
    """Days between the copy of jobs to the other database and their drop."""
    archive_wait_files: Days = 30
    """The same for their files."""
    archive_max_lag: Seconds = 60
    """Maximum replica lag in seconds before the archiver waits; 0 for any."""
    exports: Path | None = None
    """Folder of months exported as Parquet files; jobs are looked up there, too."""
    smtp_host: str | None = None
    """SMTP server that mails of the outbox go to."""
    smtp_port: int = Field(587, ge=1, le=65_535)
    """Its port."""
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection is encrypted; `none` for a server on the same machine."""
    smtp_user: str | None = None
    """User to log in as, if any."""
    smtp_password: SecretStr | None = None
    """Its password."""
    smtp_from: str | None = None
    """Address that mails come from, or `Name <address>`; None for `pandadb` of this machine."""
    smtp_timeout: float = Field(10, gt=0, le=30)
    """Seconds that the server may take for an answer; a mail needs some ten of them."""
    stomp_password: SecretStr | None = None
    """Password of the broker of gateways, unless their settings have it."""
    web_url: str | None = None
    """Address of the web pages as users type it; None for that of the server itself."""
    web_secret: SecretStr | None = None
    """Key that signs cookies of the web pages; None for one in a file of this machine."""
    applications: Path | None = None
    """A TOML file of applications with forms; None for `applications.toml` in the state folder."""
    web_accounts: Literal["none", "file", "header"] = "none"
    """Where users of the web pages come from: nowhere, so that pages are read-only; a password
    file; or headers of a reverse proxy."""
    web_passwords: Path | None = None
    """The password file; None for one of this machine."""
    web_proxies: str = "127.0.0.1,::1"
    """Addresses of reverse proxies, comma-separated: headers of others are ignored."""
    web_user_header: str = "X-Forwarded-User"
    """Header in which a reverse proxy names the user."""
    web_role_header: str = "X-Forwarded-Role"
    """Header in which it names the role; without it a user is a reader."""
    mail_password: SecretStr | None = None
    """Password of the mailbox that notifications come to; it precedes that of `panda.cfg`."""
    mail_token_key: SecretStr | None = None
    """Key of the tokens in notification mails that the outbox sends."""
    monitor_url: str | None = None
    """Address of a monitor such as BigPanDA, for links in notification mails."""
    revisions: Path | None = None
    """Folder of a site's own revisions, applied beside pandadb's."""
    waiting_table: Literal["jobswaiting4", "jobsdefined4"] = "jobswaiting4"
    """Table of waiting jobs: `jobsdefined4` for databases shared with a current panda-server."""

    def server_url(self) -> str | None:
        """Return the URL of the database; None for the embedded one."""
        given = self.url.get_secret_value() if self.url else EMBEDDED
        return None if given == EMBEDDED else given

    def jobs_dir(self) -> Path:
        """Return where workers make the directories of jobs: with an embedded database its data.

        A job of another database may have the same PandaID.
        """
        return self.state_dir() / "jobs"

    def applications_file(self) -> Path | None:
        """Return the file of applications: that of the settings, else the usual one if it exists.

        `pandadb demo` writes the latter.
        """
        usual = self.state_dir() / APPLICATIONS_FILE
        return self.applications or (usual if usual.exists() else None)

    def state_dir(self) -> Path:
        """Return where this machine keeps what belongs to the database."""
        return self.data_dir if self.server_url() is None else user_state_path("pandadb")

    def pool(self) -> dict[str, Any]:
        """Return the settings of the pool by SQLAlchemy's names."""
        return {
            "pool_size": self.pool_size,
            "max_overflow": self.pool_overflow,
            "pool_timeout": self.pool_timeout,
            "pool_recycle": self.pool_recycle or -1,
        }


PATHS = ("data_dir", "policies", "exports", "applications", "revisions", "web_passwords")


def load_settings(**overrides: Any) -> Settings:
    """Return the settings of the environment and `.env`; the environment takes precedence.

    An empty value counts as unset, so that the environment can undo values of the file.

    Raises:
        SettingsError: One is unknown or malformed; the sentence names the variable.
    """
    given = {**_file(), **os.environ}
    ours: dict[str, Any] = {
        name.upper().removeprefix(PREFIX).lower(): value
        for name, value in given.items()
        if name.upper().startswith(PREFIX) and not name.upper().startswith(PREFIX + "TEST_")
    }
    ours |= overrides
    for name, value in ours.items():
        if name not in Settings.model_fields:
            raise SettingsError(_unknown(name))
        _check_characters(name, value)
    try:
        return Settings(**{name: ours[name] for name in ours if ours[name] or name in overrides})
    except ValidationError as error:
        sentence = _malformed(error)
    raise SettingsError(
        sentence
    )  # out here: as its context, the other error would show the password


def _check_characters(name: str, value: Any) -> None:
    """Refuse characters invalid for the database or the system; a path may have any bytes."""
    if not isinstance(value, str):
        return
    if "\0" in value:
        raise SettingsError(f"{PREFIX}{name.upper()} has a NUL character")
    if name not in PATHS and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise SettingsError(f"{PREFIX}{name.upper()} has bytes that are not UTF-8")


def _file() -> dict[str, str | None]:
    try:
        text = ENV_FILE.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The file {ENV_FILE.absolute()} cannot be read as UTF-8 text: {error}"
        ) from None
    for line in parse_stream(io.StringIO(text)):
        if line.error:
            raise SettingsError(
                f"The file {ENV_FILE.absolute()}, line {line.original.line}, is not NAME=value"
            )
    return dotenv_values(stream=io.StringIO(text))


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, Settings.model_fields, n=1)
    known = ", ".join(PREFIX + field.upper() for field in Settings.model_fields)
    meant = f"did you mean {PREFIX}{close[0].upper()}?" if close else f"known are {known}"
    return f"{PREFIX}{name.upper()} is not a setting: {meant}"


def _malformed(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0])
    words = first["msg"].removeprefix("Value error, ")
    hidden = name.endswith(("url", "password", "secret", "key"))
    value = "" if hidden else f" is {first['input']!r}"
    return f"{PREFIX}{name.upper()}{value}: {words}"
