"""The databases and roles that tests make on a server, and their removal."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg.sql import SQL, Identifier, Literal
from sqlalchemy import URL, make_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Server:
    """Where a run makes its databases, how each of their names begins, how they are copied."""

    url: str
    prefix: str
    file_copy: bool = False

    def new_name(self) -> str:
        """Return a name that no database and no role here has."""
        return f"{self.prefix}{secrets.token_hex(4)}"

    def url_of(
        self, database: str, username: str | None = None, password: str | None = None
    ) -> str:
        """Return the URL of a database, as the server's role or as another."""
        url = make_url(self.url).set(database=database, username=username, password=password)
        return render(url)


@contextmanager
def admin(url: str) -> Iterator[psycopg.Connection]:
    """Connect for statements that stand outside of transactions, as CREATE DATABASE does."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@contextmanager
def temporary_database(
    server: Server,
    template: str = "template0",
    login: dict[str, str] | None = None,
    *,
    encoding: str = "UTF8",
) -> Iterator[str]:
    """Yield the URL of a new database, as its owner; drop it afterwards, whoever is connected."""
    name, login = server.new_name(), login or {}
    with admin(server.url) as connection:
        _create_database(
            connection, server, name, template, login.get("username", ""), encoding=encoding
        )
    try:
        yield server.url_of(name, **login)
    finally:
        with admin(server.url) as connection:
            _drop_database(connection, name)


@contextmanager
def temporary_role(server: Server) -> Iterator[dict[str, str]]:
    """Yield username and password of a new role that may do nothing but log in."""
    login = {"username": server.new_name(), "password": secrets.token_urlsafe(12)}
    role = Identifier(login["username"])
    create = "CREATE ROLE {} LOGIN PASSWORD {} NOSUPERUSER NOCREATEDB NOCREATEROLE"
    with admin(server.url) as connection:
        connection.execute(SQL(create).format(role, Literal(login["password"])))
        # Only a member of a role makes it an owner, unless a superuser does.
        connection.execute(SQL("GRANT {} TO CURRENT_USER").format(role))
    try:
        yield login
    finally:
        with admin(server.url) as connection:
            connection.execute(SQL("DROP ROLE {}").format(role))


def made_template(
    server: Server, name: str, make: Callable[[str], None], source: str = "template0"
) -> str:
    """Return the whole name of a database to copy; the first who asks makes it, of the source.

    Nobody can connect to it when it is ready, so it can be copied at any time. A database of
    that name which still takes connections is what a failure left.
    """
    name = f"{server.prefix}{name}"
    ready = "SELECT NOT datallowconn FROM pg_database WHERE datname = %s"
    with admin(server.url) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        if connection.execute(ready, [name]).fetchone() == (True,):
            return name
        _drop_database(connection, name)
        _create_database(connection, server, name, source)
        make(server.url_of(name))
        connection.execute(
            SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(Identifier(name))
        )
    return name


def _create_database(
    connection: psycopg.Connection,
    server: Server,
    name: str,
    template: str,
    owner: str = "",
    *,
    encoding: str = "UTF8",
) -> None:
    words = SQL("CREATE DATABASE {} TEMPLATE {} ENCODING {} LOCALE 'C'")
    owned = SQL(" OWNER {}").format(Identifier(owner)) if owner else SQL("")
    copied = SQL(" STRATEGY file_copy") if server.file_copy else SQL("")
    named = words.format(Identifier(name), Identifier(template), Literal(encoding))
    connection.execute(named + owned + copied)


def _drop_database(connection: psycopg.Connection, name: str) -> None:
    connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


def remove_leftovers(server: Server) -> None:
    """Drop what this run made and a killed worker could not drop."""
    databases = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
    roles = "SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)"
    with admin(server.url) as connection:
        for (name,) in connection.execute(databases, [server.prefix]).fetchall():
            _drop_database(connection, name)
        for (name,) in connection.execute(roles, [server.prefix]).fetchall():
            connection.execute(SQL("DROP ROLE {}").format(Identifier(name)))


def render(url: URL) -> str:
    """Return a URL as libpq reads it, which wants a space in a password encoded."""
    return url.render_as_string(hide_password=False).replace(" ", "%20")
