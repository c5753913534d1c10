"""A durable server of a benchmark's own, and databases with the whole schema on it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg

from pandadb.core.partitions.policies import ARCHIVED, POLICIES
from pandadb.database import Database
from pandadb.services import partitions
from pandadb.services.schema import upgrade
from tests.databases import Server, admin, made_template, render, temporary_database
from tests.servers import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSIONS = {"15": "/usr/lib/postgresql/15", "18": "embedded"}
"""Where the binaries of a version are."""
DAYS = 30
"""So many days have partitions beside today's; a site with pandadb's policies has more."""
LIVED_IN = (*ARCHIVED, "jobs_statuslog")
"""What jobs write into that has a partition for each day."""


@contextmanager
def running(choice: str) -> Iterator[Server]:
    """Yield the server of a URL, or a private one of a version: on disk, with default settings."""
    with running_server(VERSIONS.get(choice, choice), durable=True) as server:
        yield server


def version(server: Server) -> str:
    """Return what the server calls itself."""
    with admin(server.url) as connection:
        return f"PostgreSQL {connection.info.parameter_status('server_version')}"


@contextmanager
def fresh(server: Server) -> Iterator[Database]:
    """Yield a new database with the whole schema and nothing in it."""
    template = made_template(server, "template", _upgrade)
    with temporary_database(server, template) as url, Database(url) as database:
        yield database


@contextmanager
def lived_in(server: Server) -> Iterator[Database]:
    """Yield a new database with about as many partitions as a site has; all are empty."""
    policies = {name: replace(policy, ahead=DAYS) for name, policy in POLICIES.items()}
    with fresh(server) as database:
        partitions.maintain(database, policies, tables=LIVED_IN)
        yield database


@contextmanager
def empty(server: Server) -> Iterator[str]:
    """Yield the URL of a new database with nothing in it at all."""
    with temporary_database(server) as url:
        yield url


def _upgrade(url: str) -> None:
    with Database(url) as database:
        upgrade(database)


def as_upstream(database: Database) -> psycopg.Connection:
    """Connect so that values go within the text and nothing is prepared, as by psycopg2."""
    connection = raw(database)
    connection.cursor_factory = psycopg.ClientCursor
    connection.prepare_threshold = None
    return connection


def raw(database: Database) -> psycopg.Connection:
    """Connect without SQLAlchemy; each statement commits unless a transaction is open."""
    url = database.engine.url.set(drivername="postgresql")
    return psycopg.connect(render(url), autocommit=True, options="-c timezone=UTC")
